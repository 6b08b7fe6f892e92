"""Where ids in arguments come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from mcp_sim.contracts.calls import Calls, Seen
from mcp_sim.contracts.finding import Failures, Finding, held, vacuous, where
from mcp_sim.contracts.monitor import End
from mcp_sim.contracts.perturbed import kinds, shown_otherwise
from schemas.contracts.conduct import KnownIds
from schemas.marks import Marks, marks
from schemas.rows import key_text
from schemas.types import Step, World
from store.provenance import Provenance, Standing

WORD = re.compile(r"[\w-]+")
"""What may be an id in a text."""

_GONE = frozenset({404, 410})
"""Statuses by which an agent learns that a row is not there."""

_TOLD = {
    Standing.STALE: "stale",
    Standing.UNSHOWN: "unshown",
    Standing.OTHER: "other",
    Standing.INVENTED: "invented",
}


class Register:
    """What the agent was shown so far: by the answers, by its instruction, and by what the server says of itself."""

    def __init__(self, world: World, told: Iterable[str]) -> None:
        self._provenance = Provenance(world)
        self._told = "\n".join(told)
        self._silent: set[tuple[str, str]] = set()
        self._revived: dict[str, int] = {}
        self._arguments: dict[str, Marks | None] = {}
        self._world = world
        for text in (world.instructions, *(tool.description for tool in world.tools.values())):
            self._provenance.read.update(WORD.findall(text))

    def named(self, seen: Seen) -> list[tuple[str, str, str]]:
        """(entity, pointer, key) for every id in the arguments of a call."""
        tool = seen.step.call.tool
        if tool not in self._arguments:
            found = self._world.tools.get(tool)
            self._arguments[tool] = None if found is None else marks(found.input_schema)
        finder = self._arguments[tool]
        if finder is None:
            return []
        return [(entity, at, key_text(value)) for entity, at, value in finder(seen.step.call.arguments, "")]

    def standing(self, entity: str, key: str) -> Standing:
        """What an id is that the agent gives now.

        What it could not know is no fault: a deletion behind a time-out, until it is told that the row is gone, or a
        row that a stale answer brought back.
        """
        found = self._provenance.standing(entity, key)
        if found is Standing.STALE:
            at = (entity, key)
            is_unknown = at in self._silent or self._revived.get(key, 0) > self._provenance.deleted[at]
            return Standing.KNOWN if is_unknown else found
        if found is not Standing.KNOWN and self._is_told(key):
            return Standing.KNOWN
        is_read = key in self._provenance.read and not key.isdigit()
        return Standing.KNOWN if is_read and found in (Standing.UNSHOWN, Standing.INVENTED) else found

    def follow(self, step: Step) -> None:
        """Take in what a step showed and changed."""
        self._provenance.follow((step,))
        original = shown_otherwise(step)
        if original is not None:
            self._provenance.follow((replace(step, observation=original),))
        for change in step.delta.changes:
            if change.op == "delete" and step.observation.is_error:
                self._silent.add((change.entity, change.key))
            elif change.op == "create":
                self._silent.discard((change.entity, change.key))
        if self._silent and step.observation.status in _GONE:
            told = set(WORD.findall(step.observation.text))
            self._silent = {at for at in self._silent if at[1] not in told}
        if "stale" in kinds(step):
            self._revived.update(dict.fromkeys(WORD.findall(step.observation.text), step.n))

    def _is_told(self, key: str) -> bool:
        return key in self._told and re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", self._told) is not None


class Known:
    """`known_ids`."""

    def __init__(self, clause: KnownIds, ready: Calls, register: Register) -> None:
        self._number = ready.number(clause.known_ids)
        self._allowed = frozenset(clause.allow)
        self._register = register
        self._known = frozenset(clause.known)
        self._failures = Failures()
        self._count = 0

    def take(self, seen: Seen) -> None:
        """Look at every id in the arguments, as the agent knew it then."""
        if not seen.fits(self._number):
            return
        for entity, at, key in self._register.named(seen):
            self._count += 1
            standing = self._register.standing(entity, key)
            if standing is Standing.KNOWN or _TOLD[standing] in self._allowed or key in self._known:
                continue
            self._failures.add(f"{where(seen.step)} gives {at.lstrip('/')} {key}: {_why(standing, entity)}", seen.n)

    def finding(self, _: End) -> Finding:
        """Every id, or none."""
        if self._failures.count:
            return self._failures.finding()
        if not self._count:
            return vacuous("no argument held an id")
        return held(f"all {self._count} ids in arguments were known" if self._count > 1 else "the id was known")


def _why(standing: Standing, entity: str) -> str:
    match standing:
        case Standing.STALE:
            return f"the {entity} has been deleted"
        case Standing.UNSHOWN:
            return f"no answer had named this {entity} before"
        case Standing.OTHER:
            return f"that was shown as the id of something else, not of a {entity}"
    return f"no {entity} ever had this id, and nobody had named it"
