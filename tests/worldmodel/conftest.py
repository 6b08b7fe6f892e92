"""A world model's server that says what a test wants, and sessions that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from store.db import Database
from tests.worldmodel.adversary import Adversary
from tests.worldmodel.asking import Asking

Serve = Callable[..., Adversary]
Ask = Callable[..., Asking]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that answers with the given texts, one after the other, the last one again and again."""
    with ExitStack() as stack:

        def start(*texts: str, **options: Any) -> Adversary:
            waiting = list(texts)

            def answer(_messages: list[dict[str, Any]]) -> str:
                return waiting.pop(0) if len(waiting) > 1 else waiting[0]

            said = options.pop("answer", answer if texts else None)
            return stack.enter_context(Adversary(answer=said, scripted=said is not None, **options))

        yield start


@pytest.fixture
def ask(database: Database) -> Iterator[Ask]:
    """Starts a session whose world model is at a server."""
    with ExitStack() as stack:

        def start(server: Adversary | str | None, **options: Any) -> Asking:
            url = server.url if isinstance(server, Adversary) else server
            return stack.enter_context(Asking(options.pop("database", database), url, **options))

        yield start
