"""Where the world model is: a real server, or one that stands in for it, in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.process import free_port, serving
from tests.worldmodel.adversary import Pace

AT_ONCE = Pace(first_token=0.0, token=0.0)


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server.

    Attributes:
        model: the name of the model there; empty: the first that it offers.
        words: what it is, for the captions.
    """

    url: str
    model: str
    words: str

    @classmethod
    def at(cls, url: str, model: str) -> Endpoint:
        """A real server."""
        return cls(url.rstrip("/").removesuffix("/v1"), model, f"{url} ({model or 'its first model'})")


@contextmanager
def endpoint(real: Endpoint | None, folder: Path, pace: Pace = AT_ONCE) -> Iterator[Endpoint]:
    """The real server if there is one, else the stand-in, for as long as the block runs.

    Raises:
        NotRunning: the stand-in did not start.
    """
    if real is not None:
        yield real
        return
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.worldmodel.steady", str(port)]
    command += ["--first-token", str(pace.first_token), "--token", str(pace.token), "--interval", str(pace.interval)]
    words = "a stand-in that knows no language"
    if pace != AT_ONCE:
        words += f": first token after {1e3 * pace.first_token:g} ms, then one every {1e3 * pace.token:g} ms"
        words += f", {pace.interval} at once" if pace.interval > 1 else ""
    with serving(command, folder, port):
        yield Endpoint(f"http://127.0.0.1:{port}", "", words)
