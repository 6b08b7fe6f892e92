"""The mode `replay`: what was recorded, by tool, arguments and state; what was not recorded fails loudly."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.session import Twin
from mcp_sim.traffic.differences import json_differences
from mcp_sim.traffic.likeness import may_stand_for, paired, translated
from mcp_sim.traffic.recording import START, Entry, Recording, asked
from schemas.canonical import canonical
from schemas.recorded import RecordedCall
from schemas.types import Call, Observation, StateDelta, Step, Wire
from store.traces.redaction import redact
from store.view import EntityView

REPLAY = "replay"
MISS = -32030
"""The code of the JSON-RPC error for a call that was not recorded."""
_KEPT = 4096
_STEPS = 500


@dataclass(frozen=True)
class Progress:
    """How far a session has come.

    Attributes:
        state: what has been written, as recorded calls have it.
        words: what this run says for a recorded value.
        writes: the tools that have written.
    """

    state: str = START
    words: Mapping[Any, Any] = field(default_factory=dict)
    writes: tuple[str, ...] = ()

    def after(self, found: Found) -> Progress:
        """How far it has come with one more recorded call."""
        entry = found.entry
        wrote = entry.after != entry.state
        return Progress(entry.after, found.words, (*self.writes, entry.call.tool) if wrote else self.writes)

    def __str__(self) -> str:
        words = repr(sorted(self.words.items(), key=repr)).encode()
        return f"state {hashlib.sha256(self.state.encode() + words).hexdigest()[:16]}"


@dataclass(frozen=True)
class Found:
    """The recorded call that answers, and what this run says for recorded values."""

    entry: Entry
    words: Mapping[Any, Any]


class Replay:
    """Answers from a recording alone."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._progress: OrderedDict[tuple[int, bytes], Progress] = OrderedDict()

    async def step(self, call: Call, view: EntityView, twin: Twin, /) -> Step:  # noqa: ARG002 - memory alone answers
        """The recorded answer, or what comes nearest and how it differs."""
        progress = self._come_to(view)
        found = self.find(call, progress)
        if found is None:
            said = Observation(self.miss(call, progress), is_error=True, status=501, wire=Wire(code=MISS))
            return self._kept(_step(call, view, said, f"not recorded; {progress}"), progress)
        progress = progress.after(found)
        return self._kept(
            _step(call, view, answer(found), f"recorded at {found.entry.call.source}; {progress}"), progress
        )

    def find(self, call: Call, progress: Progress) -> Found | None:
        """The recorded call that asks the same in the same state: exactly, or but for what differs in every run."""
        entries = self._recording.at(call.tool, progress.state)
        back = {new: old for old, new in progress.words.items()}
        for arguments in (call.arguments, redact(call.arguments)[0]):
            meant = translated(arguments, back)
            wanted = asked(RecordedCall("", 0, call.tool, meant, "", False))
            for entry in entries:
                if asked(entry.call) == wanted:
                    return Found(entry, progress.words)
        for entry in entries:
            words = _words(entry, meant, progress.words)
            if words is not None:
                return Found(entry, words)
        return None

    def _come_to(self, view: EntityView) -> Progress:
        """How far the session has come; from its steps where that is not known any more."""
        steps = view.recent(1)
        if not steps:
            return Progress()
        known = self._progress.get((steps[-1].n, canonical(steps[-1])))
        if known is not None:
            return known
        progress = Progress()
        for step in view.recent(_STEPS):
            found = None if step.observation.wire is not None else self.find(step.call, progress)
            if found is not None:
                progress = progress.after(found)
        return progress

    def _kept(self, step: Step, progress: Progress) -> Step:
        self._progress[step.n, canonical(step)] = progress
        if len(self._progress) > _KEPT:
            self._progress.popitem(last=False)
        return step

    def miss(self, call: Call, progress: Progress) -> str:
        """What is missing, the nearest recorded call, and how it differs."""
        shown = f"{call.tool}({_arguments(call.arguments)})"
        start = f"Replay: {shown} was not recorded in this state"
        entries = self._recording.entries.get(call.tool, [])
        if not entries:
            return f"Replay: {call.tool} was never recorded; recorded are {', '.join(sorted(self._recording.entries))}"
        back = {new: old for old, new in progress.words.items()}
        meant = translated(call.arguments, back)
        apart = [len(json_differences(entry.call.arguments, meant)) for entry in entries]
        count, entry = min(zip(apart, entries, strict=True), key=lambda pair: pair[0])
        nearest = f"nearest is {entry.call.tool}({_arguments(entry.call.arguments)}) at {entry.call.source}"
        if count:
            differs = "; ".join(map(str, json_differences(entry.call.arguments, meant)[:3]))
            return f"{start}; {nearest}, which has {differs}"
        then = [write.call.tool for write in entry.writes]
        return f"{start}; {nearest}, which came after {_told(then)}, and this one comes after {_told(progress.writes)}"


def answer(found: Found) -> Observation:
    """The recorded answer, in the words of this run."""
    call = found.entry.call
    status = call.status or (400 if call.is_error else 200)
    return Observation(
        translated(call.text, found.words), translated(call.structured, found.words), call.is_error, status
    )


def _step(call: Call, view: EntityView, said: Observation, reason: str) -> Step:
    return Step(view.n, view.now, call, said, StateDelta(), REPLAY, reason)


def _words(entry: Entry, meant: Any, known: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The words of this run, if the call is the recorded one in other words; each stands for one value."""
    pairs = paired(entry.call.arguments, meant)
    if pairs is None:
        return None
    words, taken = dict(known), set(known.values())
    for recorded, sent in pairs:
        if words.get(recorded, sent) != sent or (sent in taken and recorded not in words):
            return None
        if recorded not in entry.minted or not may_stand_for(recorded, sent):
            return None
        words[recorded] = sent
        taken.add(sent)
    return words


def _arguments(arguments: Mapping[str, Any]) -> str:
    text = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return text if len(text) <= 200 else f"{text[:200]}…"


def _told(writes: list[str] | tuple[str, ...]) -> str:
    if not writes:
        return "no write"
    last = ", ".join(writes[-5:])
    return f"{len(writes)} writes, the last of them {last}" if len(writes) > 5 else last
