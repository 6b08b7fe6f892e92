"""What of an answer can be checked by rule; each check passes, fails, or does not apply (None).

* **schema**: an answer that is no error fits the tool's output schema.
* **fields**: what nobody notices and everybody needs is exact: ids, URLs, dates, numbers, and how many there are.
* **integrity**: `store.integrity` finds nothing wrong: no broken reference, no key twice, no id that does not exist.
* **status**: both are errors, or neither; an error has the text that the service gives.
* **agreement**: every row it shows is as the database holds it once the call is done (read-your-writes).
* **changes**: what it proposes to change is what the call changes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from mcp_sim.fidelity import NOT_JSON, parsed, same_json
from mcp_sim.responders.worldmodel.proposal import shown_rows
from schemas.rows import key_text, scalars
from store.integrity import check, check_mentions, check_observation
from store.overlay import Overlay
from trainer.cases import Case, Given, Scene

_CODE = re.compile(r"(?=\S*\d)[A-Za-z0-9][\w./:#@+-]*")
"""A word with a digit in it: an id, a date, a code."""
_URL = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Checks:
    """What each rule says: True, False, or None where it does not apply."""

    schema: bool | None
    fields: bool | None
    integrity: bool | None
    status: bool | None
    agreement: bool | None
    changes: bool | None

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return all(found is not False for found in self.each().values())

    def each(self) -> dict[str, bool | None]:
        """The rules by name."""
        return asdict(self)


def verify(case: Case, given: Given) -> Checks:
    """Check an answer that could be read."""
    expected = case.read(case.gold)
    scene = case.scene
    return Checks(
        schema=_schema(scene, given),
        fields=low_salience(given.said.observation) == low_salience(expected.said.observation),
        integrity=_integrity(case, given),
        status=_status(expected, given),
        # Where the service itself shows a row in another way than it holds it, nobody can be asked to agree.
        agreement=_agrees(scene, given) if scene is not None and _agrees(scene, expected) else None,
        changes=_changes(case, expected, given),
    )


def low_salience(value: Any) -> Counter[str]:
    """The ids, URLs, dates and numbers of an answer, each as often as it stands there."""
    return Counter(_low(value))


def _low(value: Any) -> Iterator[str]:
    for found in scalars(value):
        match found:
            case bool() | None:
                continue
            case int() | float():
                yield f"{float(found):g}"
            case str():
                urls = _URL.findall(found)
                yield from urls
                yield from _CODE.findall(_URL.sub(" ", found))


def _schema(scene: Scene | None, given: Given) -> bool | None:
    if scene is None or scene.tool.output is None or given.said.is_error:
        return None
    return bool(scene.tool.output.holds(given.said.observation))


def _integrity(case: Case, given: Given) -> bool:
    scene = case.scene
    if scene is None or given.observation is None:
        return not invented(case, given)
    broken = check(scene.world, scene.view, given.delta)
    asked = scene.step.call.arguments
    broken = broken or check_observation(scene.tool, scene.view, given.delta, given.observation, asked)
    broken = broken or check_mentions(scene.world, scene.view, given.delta, given.observation, asked)
    return not [found for found in broken if found.rule != "output"]


def invented(case: Case, given: Given) -> list[str]:
    """The ids of an answer that nothing before it mentions, where no database can be asked.

    What the right answer holds is no invention; of a new row nobody knows the id before.
    """
    known = f"{case.prompt}\n{case.gold}"
    kinds = {_kind(word) for row in case.facts.get("rows", ()) for word in _CODE.findall(str(row[-1]))}
    words = {word for text in scalars(given.said.observation) if isinstance(text, str) for word in _CODE.findall(text)}
    return sorted(word for word in words if _kind(word) in kinds and word not in known)


def _kind(word: str) -> str:
    """The form of an id: its letters, with one sign for any run of digits."""
    return re.sub(r"\d+", "#", word)


def _status(expected: Given, given: Given) -> bool:
    if expected.said.is_error != given.said.is_error:
        return False
    return not given.said.is_error or expected.said.observation == given.said.observation


def _agrees(scene: Scene, given: Given) -> bool | None:
    """Whether each row that is shown is the one that is held afterwards, or was before it went; None: none is shown."""
    if given.said.is_error or scene.tool.output_schema is None:
        return None
    after = Overlay(scene.world, scene.view, given.delta)
    made = {change.key for change in given.delta.changes if change.op == "create"}
    shown = shown_rows(scene.tool.output_schema, given.said.observation)
    if not shown:
        return None
    for entity, row in shown:
        definition = scene.world.entities.get(entity)
        if definition is None:
            continue
        key = row.get(definition.key)
        held = None
        if isinstance(key, str | int):
            held = after.get(entity, key_text(key)) or scene.view.get(entity, key_text(key))
        if held is None and made and given.observation is not None:
            continue  # shown by a placeholder; the database named the row, and `changes` looks at it
        if held is None or any(held.get(name) != value for name, value in row.items() if name in definition.properties):
            return False
    return True


def _changes(case: Case, expected: Given, given: Given) -> bool | None:
    if not case.writes:
        return None
    if case.scene is not None:
        return bool(given.delta == expected.delta)
    return same_json(given.said.changes or [], expected.said.changes or [])


def as_value(text: str) -> Any:
    """An answer as JSON where it is, else as text."""
    value = parsed(text)
    return text.strip() if value is NOT_JSON else value
