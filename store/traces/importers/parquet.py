"""Conversations in parquet, as data sets of chats are published: a row has `messages`, and perhaps `tools`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from store.errors import StoreError
from store.traces.importers.conversation import Names
from store.traces.importers.elements import Element
from store.traces.importers.event import Form, RawEvent
from store.traces.importers.lines import Complaint, Tell
from store.traces.importers.openai import conversation, decode
from store.traces.parquet import NotParquet, read_parquet

_ABOUT = ("trajectory", "task", "domain")


def is_parquet(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines is one."""
    return bool(head) and head[0].startswith(b"PAR1")


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The messages and the calls of every row of a file; the line of an event is the number of its row, from 1."""
    names, size = Names(path, tell), path.stat().st_size
    try:
        for number, row in enumerate(read_parquet(path), 1):
            about = {name: row[name] for name in _ABOUT if row.get(name)}
            value = {"messages": row.get("messages"), "tools": row.get("tools") or [], "metadata": about}
            yield from conversation(path, Element(number, 0, size, value), tell, names)
    except NotParquet:
        tell(Complaint(path, 0, "the parquet file is damaged or not whole; left out"))
    except StoreError as error:
        tell(Complaint(path, 0, f"{error}; left out"))


PARQUET = Form("parquet", "chats in parquet", is_parquet, events, decode)
