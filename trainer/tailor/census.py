"""What is counted when recordings are read for the first time: the tools of each domain and how they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.forms import json_kind
from schemas.recorded import RecordedCall, RecordedRun
from schemas.rows import scalars

_SAMPLES = 8
_VALUES = 20_000
_DEFINITIONS = 2_000


@dataclass(slots=True)
class ToolUse:
    """How one tool is called.

    Attributes:
        calls: how often, by whether it reads or writes.
        kinds: the JSON types of each argument.
        always: the arguments that no call left out.
        samples: the arguments of some calls.
        keys: by which keys calls name its definition.
    """

    calls: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    always: set[str] = field(default_factory=set)
    samples: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @property
    def reads(self) -> bool | None:
        """Whether it only reads; None where the recording does not say."""
        if self.calls["write"]:
            return False
        return True if self.calls["read"] and not self.calls["unknown"] else None

    def take(self, call: RecordedCall) -> None:
        """Take in one call."""
        self.always = set(call.arguments) if not self.calls else self.always & call.arguments.keys()
        self.calls[call.kind] += 1
        self.keys |= {call.schema_key} - {""}
        for name, value in call.arguments.items():
            self.kinds.setdefault(name, set()).add(json_kind(value))
        if len(self.samples) < _SAMPLES and not call.is_error:
            self.samples.append(call.arguments)

    def add(self, other: ToolUse) -> ToolUse:
        """Both together."""
        kinds = {name: self.kinds.get(name, set()) | other.kinds.get(name, set()) for name in self.kinds | other.kinds}
        always = self.always & other.always if self.calls and other.calls else self.always | other.always
        samples = (self.samples + other.samples)[:_SAMPLES]
        return ToolUse(self.calls + other.calls, kinds, always, samples, self.keys | other.keys)


@dataclass(slots=True)
class Domain:
    """The calls of one domain: how each tool is used, the texts that arguments hold, and definitions beside them."""

    tools: dict[str, ToolUse] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    defined: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: int = 0

    def take(self, call: RecordedCall) -> None:
        """Take in one call."""
        self.calls += 1
        self.tools.setdefault(call.tool, ToolUse()).take(call)
        if len(self.values) < _VALUES:
            self.values.update(value for value in scalars(call.arguments) if isinstance(value, str))

    @property
    def useful(self) -> set[str]:
        """The tools that ever answered a call."""
        return {name for name, use in self.tools.items() if use.samples}

    def add(self, other: Domain) -> None:
        """Take in what was counted somewhere else."""
        for name, use in other.tools.items():
            self.tools[name] = self.tools[name].add(use) if name in self.tools else use
        self.values |= other.values
        self.defined |= other.defined
        self.calls += other.calls


@dataclass(slots=True)
class Census:
    """What some runs have to do with.

    Attributes:
        domains: by name.
        joined: domains that calls of one run have to do with, as pairs.
        runs: how many runs there are.
        events: how many calls, those in traces of ours as well.
    """

    domains: dict[str, Domain] = field(default_factory=dict)
    joined: set[tuple[str, str]] = field(default_factory=set)
    runs: int = 0
    events: int = 0

    def take(self, runs: Iterable[RecordedRun], source: str) -> None:
        """Count runs of recordings; traces of ours bring their own world along."""
        for run in runs:
            self.runs += 1
            self.events += len(run.calls)
            if run.header is not None:
                continue
            names = [domain_of(source, run, call) for call in run.calls]
            for name, call in zip(names, run.calls, strict=True):
                self.domains.setdefault(name, Domain()).take(call)
            self.joined |= {(names[0], name) for name in names}
            defined = self.domains[names[0]].defined
            if len(defined) < _DEFINITIONS:
                defined.update({str(tool["name"]): tool for tool in run.tools if "name" in tool})

    def add(self, other: Census) -> None:
        """Take in what was counted somewhere else."""
        for name, domain in other.domains.items():
            self.domains.setdefault(name, Domain()).add(domain)
        self.joined |= other.joined
        self.runs += other.runs
        self.events += other.events


def domain_of(source: str, run: RecordedRun, call: RecordedCall) -> str:
    """The domain of a call among all sources."""
    return f"{source}/{call.domain or run.domain or 'service'}"
