"""One database: SQLite in a file or in memory, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.sql import ClauseElement

from store.errors import ConnectionLost, StoreError
from store.link import Link, shown
from store.migrations import migrate

Found = TypeVar("Found")

_PAGES = text("PRAGMA page_count"), text("PRAGMA freelist_count"), text("PRAGMA page_size")
_SIZE = text("SELECT pg_database_size(current_database())")


class Prepared:
    """A statement compiled once for one database, executed many times."""

    __slots__ = ("_fixed", "_names", "sql")

    def __init__(self, statement: ClauseElement, dialect: Dialect, columns: Sequence[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        names = getattr(compiled, "positiontup", None)
        self._names: tuple[str, ...] | None = tuple(names) if names else None

    def bind(self, values: dict[str, Any]) -> Any:
        """Parameters in the form that the driver wants."""
        if self._fixed:
            values = {**self._fixed, **values}
        return values if self._names is None else tuple(map(values.__getitem__, self._names))


class Database:
    """An open database, migrated to the newest version.

    The connection is in autocommit mode: a read holds no transaction, a write opens one with `transaction()`. A lost
    connection costs a read nothing, and a transaction everything that it had done; the next one connects again.
    """

    def __init__(self, url: str) -> None:
        """Open a SQLAlchemy URL, e.g. `sqlite:///worlds.db`, `sqlite://`, `postgresql+psycopg://host/name`.

        Raises:
            StoreError: the URL is not one, the file is not a database, or the database is newer than this program.
        """
        self.url = url
        self.shown = shown(url)
        self._prepared: dict[int, tuple[Executable, Prepared]] = {}
        try:
            self._link = Link(url)
            self.is_sqlite = self._link.is_sqlite
            with self.transaction():
                migrate(self._link.ready())
        except StoreError as error:
            raise StoreError(f"{self.shown}: {str(error).removeprefix(f'{self.shown}: ')}") from None
        except ModuleNotFoundError as error:
            raise StoreError(f"{self.shown} wants '{error.name}', which is not installed{_remedy(error)}") from None
        except (ArgumentError, NoSuchModuleError) as error:
            raise StoreError(f"'{self.shown}' is not a database URL that works here: {error}") from None

    def run(self, statement: Any, columns: Sequence[str] | None = None, /, **values: Any) -> CursorResult[Any]:
        """Execute one statement. `columns` names the columns of an insert or update."""
        prepared = self._prepare(statement, columns)

        def execute() -> CursorResult[Any]:
            return self._link.ready().exec_driver_sql(prepared.sql, prepared.bind(values))

        return self._read(execute) if statement.is_select else execute()

    def scalar(self, statement: Any, /, **values: Any) -> Any:
        """The first column of the first row, or None; without the cost of a result object."""
        prepared = self._prepare(statement, None)

        def fetch() -> Any:
            with self._link.cursor() as cursor:
                cursor.execute(prepared.sql, prepared.bind(values))
                return cursor.fetchone()

        row = self._read(fetch)
        return None if row is None else row[0]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT that comes as text; it is not kept ready, for there are many such texts."""
        return self._read(lambda: [tuple(row) for row in self._link.ready().exec_driver_sql(sql)])

    def execute(self, statement: Any, columns: Sequence[str] | None = None, /, **values: Any) -> int:
        """Execute one statement and count the rows it touched; without the cost of a result object."""
        prepared = self._prepare(statement, columns)
        with self._link.cursor() as cursor:
            cursor.execute(prepared.sql, prepared.bind(values))
            return int(cursor.rowcount)

    def execute_many(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        """Execute one insert for many rows."""
        if not rows:
            return
        prepared = self._prepare(statement, tuple(rows[0]))
        with self._link.cursor() as cursor:
            cursor.executemany(prepared.sql, [prepared.bind(row) for row in rows])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; never held open across an await.

        Raises:
            ConnectionLost: nothing was kept, or, where its text says so, nobody knows whether everything was.
        """
        with self._link.transaction():
            yield

    def used_bytes(self) -> int:
        """Bytes that the database holds; room that deleted rows have left free does not count."""
        if self.is_sqlite:
            pages, free, size = (int(self.scalar(name)) for name in _PAGES)
            return (pages - free) * size
        return int(self.scalar(_SIZE))

    def close(self) -> None:
        """Close the connection; committed data stays."""
        self._link.close()

    def _read(self, ask: Callable[[], Found]) -> Found:
        """What was asked for; asked once more where the connection was lost outside a transaction."""
        try:
            return ask()
        except ConnectionLost:
            if self._link.is_open:
                raise
            return ask()

    def _prepare(self, statement: Any, columns: Sequence[str] | None) -> Prepared:
        found = self._prepared.get(id(statement))
        if found is None:
            prepared = Prepared(statement, self._link.dialect, columns)
            # The statement is kept beside its compiled form, so that its id is never given to another one.
            self._prepared[id(statement)] = found = (statement, prepared)
        return found[1]


def _remedy(error: ModuleNotFoundError) -> str:
    if error.name == "psycopg":
        return ": pip install 'mcp-sim[postgres]'"
    return "; use a URL such as postgresql+psycopg://host/name, or the path of a SQLite file"
