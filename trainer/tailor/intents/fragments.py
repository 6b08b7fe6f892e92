"""What comes before what: calls of a run out of order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_sim.worldmodel.wire import compact
from schemas.recorded import RecordedCall
from trainer.record import Record, Turn
from trainer.tailor.ground import CUT_OFF, Ground, told
from trainer.tailor.intents.scene import Beat, Intent, Story
from trainer.tailor.intents.story import evidence_of
from trainer.tailor.objects import Known
from trainer.tailor.recipe import Use

_LABELS = "ABCDEFGH"
_LONGEST = CUT_OFF[0]
_CHAIN = 5


class FragmentOrdering(Intent):
    """Calls of a run out of order, with one of another run among them."""

    name = "fragment-ordering"
    is_derived = True
    _ASK = (
        "These are calls of one session with a service, out of order, and at most one call of another session. Give "
        "the order in which they happened, and the stranger: JSON with `order`, a list of letters, and `stranger`, a "
        "letter or null."
    )
    says = (_ASK, *_LABELS, "->")
    schema: dict[str, Any] = {  # noqa: RUF012 - never changed
        "type": "object",
        "required": ["order", "stranger"],
        "properties": {"order": {"type": "array", "minItems": 2}, "stranger": {"type": ["string", "null"]}},
    }

    def of_story(self, story: Story, use: Use) -> Iterator[Record]:
        """One record of a run, of calls whose order their ids tell."""
        chain = _chain(story.kept)
        if len(chain) < 2:
            return
        pieces: list[Beat] = list(chain)
        stranger = story.stranger
        if stranger is not None and not _ids(stranger) & set().union(*map(_ids, chain)):
            pieces.append(stranger)
        else:
            stranger = None
        if len(pieces) < 3:
            return
        mixed = sorted(pieces, key=lambda beat: story.draw(f"fragment:{beat.moment.event.id}"))
        labels = {beat.moment.event.id: label for beat, label in zip(mixed, _LABELS, strict=False)}
        shown = "\n".join(f"{labels[event.id]}. {_fragment(event.call)}" for event in (b.moment.event for b in mixed))
        order = [labels[beat.moment.event.id] for beat in chain]
        answer = {"order": order, "stranger": labels[stranger.moment.event.id] if stranger else None}
        turns = (Turn("user", f"{self._ASK}\n\n{shown}"), Turn("assistant", compact(answer), True))
        yield self.record(chain[0], use, turns, facts=answer, **evidence_of(pieces))

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether the order is that of the turns, and the stranger the one of another run."""
        lines = record.turns[0].content.split("\n\n", 1)[-1]
        events = [ground.events[name] for name in record.sources]
        labels = {
            event.id: label
            for event in events
            for label in _LABELS
            if f"\n{label}. {_fragment(event.call)}\n" in f"\n{lines}\n"
        }
        own = sorted((event for event in events if event.run == record.trajectory), key=lambda e: ground.turns[e.id])
        others = [labels.get(event.id) for event in events if event.run != record.trajectory]
        expected = {"order": [labels.get(event.id) for event in own], "stranger": next(iter(others), None)}
        is_right = record.facts == expected and record.turns[-1].content == compact(expected)
        return None if is_right else "the order is not that of the recording"


def _chain(beats: list[Beat]) -> list[Beat]:
    """The longest calls of which each names an id that the one before was the first to show: no other order can be."""
    first: dict[str, int] = {}
    for index, beat in enumerate(beats):
        for text in (*sorted(_asked(beat)), *sorted(_ids(beat))):
            first.setdefault(text, index if text not in _asked(beat) else -1)
    longest: list[list[Beat]] = []
    for index, beat in enumerate(beats):
        needed = {first[text] for text in _asked(beat)} - {-1, index}
        chains = [longest[earlier] for earlier in sorted(needed) if earlier < index]
        longest.append([*max(chains, key=len, default=[]), beat])
    return max(longest, key=len, default=[])[:_CHAIN]


def _ids(beat: Beat) -> set[str]:
    """The ids that a call or its answer names."""
    return _asked(beat) | {key for _, key in beat.moment.shown} | set(beat.ids)


def _asked(beat: Beat) -> set[str]:
    return {str(found.value) for found in beat.anchors if found.kind == "referenced"}


def _fragment(call: RecordedCall) -> str:
    text = told(call)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"{compact({'name': call.tool, 'arguments': call.arguments})} -> {text}"
