"""What forms of conversations have in common: names of runs, texts in parts, answers that find their calls."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import orjson

from store.traces.importers.lines import Complaint, Tell
from store.traces.importers.recent import Recent

_NAMES = 20_000


class Names:
    """The names of the runs of a file: as the recording says, or counted; none stands twice."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self._path = path
        self._tell = tell
        self._used: Recent[str, int] = Recent(_NAMES)
        self._count = 0

    def next(self, said: Any, line: int) -> tuple[str, bool]:
        """(name, whether the recording says so) of the next run."""
        self._count += 1
        if not isinstance(said, str) or not said:
            return f"#{self._count}", False
        times = (self._used.get(said) or 0) + 1
        self._used.keep(said, times)
        if times == 1:
            return said, True
        name = f"{said}#{times}"
        self._tell(Complaint(self._path, line, f"trajectory '{said}' stands here again; it is read as '{name}'"))
        return name, True


def text_of(content: Any) -> str:
    """The text of what is a text, a list of parts, or nothing; a part that is no text stands there by its kind."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list):
        return "\n".join(_part(part) for part in content)
    return orjson.dumps(content).decode()


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise TypeError("a part of a message is no object")
    if isinstance(part.get("text"), str):
        return str(part["text"])
    source = part.get("source")
    where = f" {source.get('path')}" if isinstance(source, dict) and source.get("path") else ""
    return f"[{part.get('type', 'something')}{where}]"


def arguments_of(given: Any) -> dict[str, Any]:
    """Arguments that came as an object, or as the text of one.

    Raises:
        ValueError: they are neither.
    """
    if isinstance(given, str):
        given = orjson.loads(given) if given.strip() else {}
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ValueError("the arguments are no object")
    return given


def given_id(said: Any, index: int) -> str:
    """The id of a call, unless it is the one that a call without any is given."""
    return "" if said is None or said == made_id(index) else str(said)


def made_id(index: int) -> str:
    """The id of a call that has none, where a form wants one."""
    return f"call_{index}"


class Asked:
    """Calls that wait for their answers."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[dict[str, Any]]] = {}
        self._order: list[dict[str, Any]] = []

    def ask(self, key: Any, call: dict[str, Any]) -> None:
        """A call that an answer with this key is for; `call` gets it as `result`."""
        self._waiting.setdefault(str(key), deque()).append(call)
        self._order.append(call)

    def answer(self, key: Any) -> dict[str, Any] | None:
        """The call that waits for an answer with this key, or, without a key, the only one that waits."""
        if key is None:
            open_calls = self.open()
            return open_calls[0] if len(open_calls) == 1 else None
        waiting = self._waiting.get(str(key))
        return waiting.popleft() if waiting else None

    def open(self) -> list[dict[str, Any]]:
        """The calls that have no answer yet."""
        return [call for call in self._order if "result" not in call]
