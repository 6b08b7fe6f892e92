"""A question that a world model was asked, with all that is known of the right answer: the row states included."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_sim.responders.worldmodel.proposal import Proposals
from mcp_sim.worldmodel.parse import Said, Unreadable, parse
from mcp_sim.worldmodel.question import Question
from schemas.types import Observation, StateDelta, Step, Tool, Trace, View, World
from store.traces.replay import TraceError, read_trace, view
from trainer.errors import TrainingError
from trainer.record import Record

_TRACES = 64
"""Traces that are kept in memory."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a recorded call stood on: its world, the rows as it found them, and the step that came of it."""

    world: World
    tool: Tool
    view: View
    step: Step


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, read: what was said, and with the scene what it comes to.

    Attributes:
        said: the observation as it was said, and the proposed changes.
        observation: what the agent would see; None without scene.
        delta: what would change; empty without scene.
        bare: whether there was nothing around the answer.
    """

    said: Said
    observation: Observation | None
    delta: StateDelta
    bare: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A record, and its scene where its trace is known."""

    record: Record
    scene: Scene | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the record knows of the call."""
        return self.record.facts

    @property
    def gold(self) -> str:
        """What would have been right to say."""
        return str(self.facts["answer"])

    @property
    def prompt(self) -> str:
        """All that stood before the answer."""
        return "\n".join(turn.content for turn in self.record.turns if not turn.loss)

    @property
    def writes(self) -> bool:
        """Whether an answer may propose changes."""
        if self.scene is None:
            return self.facts.get("kind") == "write" and '"changes"' in self.gold
        return Question(self.scene.tool, self.scene.world).writes

    def read(self, text: str) -> Given:
        """Read an answer as a world model's answers are read when they are served.

        Raises:
            Unreadable: nobody can make anything of it.
        """
        data = self.scene.tool.output_schema is not None if self.scene else _is_data(self.gold)
        said = parse(text, data=data, writes=self.writes)
        bare = without_thinking(text).strip()
        alone = not (data or self.writes) or _is_data(bare)
        if self.scene is None:
            return Given(said, None, StateDelta(), alone)
        scene = self.scene
        proposals = Proposals(scene.tool, scene.world, writes=self.writes)
        scene.view.take_back_ids()
        # The proposal is put right in place, so it is read from words of its own.
        observation, delta, _ = proposals.read(parse(text, data=data, writes=self.writes), scene.view)
        return Given(said, observation, delta, alone)


class Cases:
    """Finds the scene of records in a folder of traces, one file for each trajectory.

    Attributes:
        folder: where they are; None: nothing is known but the records.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._traces: OrderedDict[str, Trace] = OrderedDict()

    def of(self, record: Record) -> Case:
        """The case of a record.

        Raises:
            TrainingError: the record names no answer, or its trace is damaged.
        """
        if "answer" not in record.facts:
            raise TrainingError(f"record {record.id[:12]} tells no answer (facts/answer), so nothing can be compared")
        file = None if self.folder is None else self.folder / f"{record.trajectory}.jsonl"
        if file is None or not file.is_file():
            return Case(record)
        trace = self._trace(file)
        if record.at >= len(trace.steps):
            raise TrainingError(
                f"{file} has {len(trace.steps)} steps; record {record.id[:12]} speaks of step {record.at}"
            )
        step = trace.steps[record.at]
        tool = trace.world.tools[step.call.tool]
        return Case(record, Scene(trace.world, tool, view(trace, record.at), step))

    def _trace(self, file: Path) -> Trace:
        known = self._traces.get(file.name)
        if known is None:
            try:
                with file.open("rb") as lines:
                    known = read_trace(lines)
            except TraceError as error:
                raise TrainingError(f"{file}: {error}") from None
            self._traces[file.name] = known
            if len(self._traces) > _TRACES:
                self._traces.popitem(last=False)
        self._traces.move_to_end(file.name)
        return known


def without_thinking(text: str) -> str:
    """An answer without the thinking that stands before it."""
    body = text.strip()
    if body.startswith("<think>"):
        return body.partition("</think>")[2].strip()
    return body


def _is_data(text: str) -> bool:
    try:
        parse(text, data=True, writes=False)
    except Unreadable:
        return False
    return text.lstrip()[:1] in ("{", "[") and text.rstrip()[-1:] in ("}", "]")
