"""The wire between a client and PostgreSQL, which can be cut at any exchange."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from threading import Thread
from typing import Literal

from sqlalchemy.engine import make_url

Cut = Literal["before", "after", "silent"]
"""The question never arrives; the answer never arrives; the question never arrives and the server is not told."""

_SOCKET = ".s.PGSQL.5432"


class Wire:
    """A server's socket once more, in a folder of its own. An exchange is what the client sends before it waits.

    Attributes:
        is_cut: whether the cut that was asked for has been made.
        is_down: while true, nobody gets through.
    """

    def __init__(self, folder: Path, url: str) -> None:
        host = make_url(url).query["host"]
        self.url = make_url(url).update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
        self.is_cut = False
        self.is_down = False
        self.exchanges = 0
        self._at: int | None = None
        self._kind: Cut = "before"
        self._times = 1
        self._server = f"{host}/{_SOCKET}"
        self._ends: list[socket.socket] = []
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / _SOCKET))
        self._door.listen()
        Thread(target=self._serve, daemon=True).start()

    def cut(self, at: int, kind: Cut, times: int = 1) -> None:
        """Cut at the exchange of this number, the next one being 1; after that at every further one, `times` in all."""
        self.is_cut, self.exchanges = False, 0
        self._at, self._kind, self._times = at, kind, times

    def close(self) -> None:
        """Hang up."""
        for end in (self._door, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                if self.is_down:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._ends += [client, server]
                Thread(target=self._carry, args=(client, server), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        """Both directions of one connection, in turn: the client waits for an answer to all that it asks."""
        fate = None
        with suppress(OSError, EOFError):
            questions, answers = client.makefile("rb"), server.makefile("rb")
            server.sendall(_exactly(questions, int.from_bytes(size := _exactly(questions, 4)) - 4, size))
            client.sendall(_answer(answers))
            while True:
                asked = _question(questions)
                fate = self._fate(asked)
                if fate in (None, "after"):
                    server.sendall(asked)
                    answer = _answer(answers)
                if fate is not None:
                    break
                client.sendall(answer)
        for end in [client] if fate == "silent" else [client, server]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _fate(self, asked: bytes) -> Cut | None:
        self.exchanges += 1
        if self._at is None or self.exchanges < self._at:
            return None
        self.is_cut = True
        self._times -= 1
        self._at = self.exchanges + 1 if self._times else None
        return self._kind


@contextmanager
def wired(url: str) -> Iterator[Wire]:
    """A wire to the database at this address."""
    with tempfile.TemporaryDirectory(prefix="wire") as folder:
        wire = Wire(Path(folder), url)
        yield wire
        wire.close()


def _question(stream: BufferedReader) -> bytes:
    """What the client sends until it waits: up to a query, or the end of a pipeline."""
    asked = b""
    while True:
        kind, message = _message(stream)
        asked += message
        if kind in b"QSX":
            return asked


def _answer(stream: BufferedReader) -> bytes:
    """What the server sends until it waits."""
    answer = b""
    while True:
        kind, message = _message(stream)
        answer += message
        if kind == b"Z":
            return answer


def _message(stream: BufferedReader) -> tuple[bytes, bytes]:
    head = _exactly(stream, 5)
    return head[:1], _exactly(stream, int.from_bytes(head[1:]) - 4, head)


def _exactly(stream: BufferedReader, size: int, head: bytes = b"") -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return head + found
