"""The database as anyone with its address reaches it: a plain connection of the driver, no pragmas, no checks of ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

REFUSED = (sqlite3.Error, psycopg.Error)
"""What a driver raises when the database refuses a statement."""


class Raw:
    """One connection in autocommit mode; statements are written with `?` for either database."""

    def __init__(self, url: str) -> None:
        address = make_url(url)
        self.is_sqlite = address.get_backend_name() == "sqlite"
        self._db: Any
        if self.is_sqlite:
            self._db = sqlite3.connect(str(address.database), isolation_level=None, check_same_thread=False)
        else:
            self._db = psycopg.connect(
                host=address.query["host"],  # type: ignore[arg-type]  # a single host in the addresses of tests
                user=address.username,
                dbname=address.database,
                autocommit=True,
            )

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Every row of one statement; none for a statement that has no rows."""
        with closing(self._db.cursor()) as cursor:
            cursor.execute(sql if self.is_sqlite else sql.replace("%", "%%").replace("?", "%s"), values)
            return list(cursor.fetchall()) if cursor.description else []

    def one(self, sql: str, *values: Any) -> Any:
        """The single value of a query."""
        ((found,),) = self.run(sql, *values)
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def close(self) -> None:
        self._db.close()


@contextmanager
def connected(url: str) -> Iterator[Raw]:
    """A connection for a while."""
    raw = Raw(url)
    try:
        yield raw
    finally:
        raw.close()
