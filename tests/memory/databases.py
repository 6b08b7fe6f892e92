"""Databases for tests: copies of one that is made once, in SQLite or on a PostgreSQL server of the tests' own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text


class Files:
    """SQLite: a database is a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def make(self, name: str, fill: Callable[[str], None]) -> str:
        """A database to copy; its name."""
        fill(f"sqlite:///{self._folder / name}")
        return name

    @contextmanager
    def copy(self, name: str) -> Iterator[str]:
        """The address of a copy."""
        path = self._folder / f"{name}-{next(self._numbers)}"
        shutil.copy(self._folder / name, path)
        yield f"sqlite:///{path}"
        for file in self._folder.glob(f"{path.name}*"):
            file.unlink()


class Server:
    """PostgreSQL: a database is made from another one."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._numbers = count()

    def make(self, name: str, fill: Callable[[str], None]) -> str:
        """A database to copy; its name."""
        self._run(f"CREATE DATABASE {name}")
        fill(self._address.format(name=name))
        return name

    @contextmanager
    def copy(self, name: str) -> Iterator[str]:
        """The address of a copy."""
        fresh = f"{name}_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {fresh} TEMPLATE {name}")
        yield self._address.format(name=fresh)
        self._run(f"DROP DATABASE {fresh} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        admin = create_engine(self._address.format(name="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(statement))
        admin.dispose()
