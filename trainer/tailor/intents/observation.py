"""What a service answers: the whole observation, or whether it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_sim.worldmodel.wire import compact
from schemas.recorded import RecordedCall
from trainer.record import Record, Turn
from trainer.tailor.ground import Ground
from trainer.tailor.intents.reply import placeholders, target
from trainer.tailor.intents.scene import Intent, Scene
from trainer.tailor.objects import Known, place
from trainer.tailor.recipe import Use
from trainer.tailor.words import words

_FACTS: dict[str, Any] = {
    "type": "object",
    "required": ["tool", "arguments", "answer", "is_error", "status", "kind", "rows", "state_in_view", "known"],
    "properties": {
        "tool": {"type": "string", "minLength": 1},
        "arguments": {"type": "object"},
        "answer": {"type": "string"},
        "is_error": {"type": "boolean"},
        "status": {"type": ["integer", "null"]},
        "kind": {"enum": ["read", "write", "unknown"]},
        "rows": {"type": "array", "items": {"type": "string"}},
        "state_in_view": {"type": "boolean"},
        "known": {"type": "number", "minimum": 0, "maximum": 1},
        "placeholders": {"type": "object"},
    },
}
_KINDS = "read write unknown"
_ASK = (
    "Do not answer the action yet. Say whether the service refuses it: JSON with `refused`, true or false, and, if it "
    "is refused, `error`, the text of the error."
)


class NextObservation(Intent):
    """The answer to a call, given the state; asked and answered in the very words that serve it."""

    name = "next-observation"
    schema = _FACTS
    says = (_KINDS, "new 1 2 3 4 5 6 7 8 9")

    def of_scene(self, scene: Scene, use: Use) -> Iterator[Record]:
        """One record of each call."""
        facts = scene.facts()
        names = placeholders(scene) if scene.writes else {}
        if names:
            facts["placeholders"] = {placeholder: key for key, placeholder in names.items()}
        turns = (*scene.turns(), Turn("assistant", target(scene), True))
        yield self.record(scene.beat, use, turns, facts=facts, evidence=scene.evidence, sources=scene.sources)

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether the facts are those of the call, as the prompt shows it."""
        return _wrong_facts(record, ground)


class ErrorPrediction(Intent):
    """Whether a call is refused, and how."""

    name = "error-prediction"
    is_derived = True
    schema = _FACTS
    says = (_KINDS, _ASK)

    def of_scene(self, scene: Scene, use: Use) -> Iterator[Record]:
        """One record of each call; sampling may take fewer of those that succeed."""
        call = scene.moment.event.call
        *before, last = scene.turns()
        asked = Turn("user", f"{last.content}\n\n{_ASK}")
        turns = (*before, asked, Turn("assistant", _refused(call), True))
        yield self.record(scene.beat, use, turns, facts=scene.facts(), evidence=scene.evidence, sources=scene.sources)

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether it says what the service did."""
        if record.turns[-1].content != _refused(ground.events[record.sources[0]].call):
            return "what is learned is not what the service did"
        return _wrong_facts(record, ground)


def _refused(call: RecordedCall) -> str:
    return compact({"refused": True, "error": call.text} if call.is_error else {"refused": False})


def _wrong_facts(record: Record, ground: Ground) -> str | None:
    event = ground.events[record.sources[0]]
    changed = {place(anchor)[1] for name in record.evidence if (anchor := ground.anchors[name]).kind == "delta"}
    asked = compact(event.call.arguments)
    for row in record.facts["rows"]:
        key = row.partition(" ")[2]
        if key not in changed and key not in event.call.text and key not in asked:
            return f"/facts/rows names '{row}', which neither the call nor its answer does"
    said = words(event.call.text)
    told = frozenset().union(*(words(turn.content.removesuffix(_ASK)) for turn in record.turns[:-1]))
    expected = round(len(said & told) / len(said), 3) if said else 1.0
    return None if record.facts["known"] == expected else "/facts/known is not the share of words that are known"
