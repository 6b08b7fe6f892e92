"""One database: SQLite in a file or in memory, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, create_engine, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql import ClauseElement

from store.errors import Conflict, DeltaRejected, StoreError
from store.migrations import migrate

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -65536",
)


_RACED = ("another", "UNIQUE", "FOREIGN KEY", "unique constraint", "foreign key")
"""What a refusal says when another process was faster."""


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
    connection fails the statement, or the whole transaction, that lost it; the next one connects again.
    """

    def __init__(self, url: str) -> None:
        """Open a SQLAlchemy URL, e.g. `sqlite:///worlds.db`, `sqlite://`, `postgresql+psycopg://host/name`.

        Raises:
            StoreError: the URL is not one, the file is not a database, or the database is newer than this program.
        """
        self.url = url
        self._prepared: dict[int, tuple[Executable, Prepared]] = {}
        try:
            self._db = _connect(url)
            self.is_sqlite = self._db.dialect.name == "sqlite"
            with self.transaction():
                migrate(self._db)
        except StoreError as error:
            shown = f"{_shown(url)}: "
            raise StoreError(shown + str(error).removeprefix(shown)) from None
        except ModuleNotFoundError as error:
            raise StoreError(f"{_shown(url)} wants '{error.name}', which is not installed{_remedy(error)}") from None
        except (ArgumentError, NoSuchModuleError) as error:
            raise StoreError(f"'{_shown(url)}' is not a database URL that works here: {error}") from None
        except DBAPIError as error:
            raise StoreError(f"{_shown(url)}: {_reason(error.orig)}") from None

    @property
    def shown(self) -> str:
        """The URL, without a password."""
        return _shown(self.url)

    def run(self, statement: Any, columns: Sequence[str] | None = None, /, **values: Any) -> CursorResult[Any]:
        """Execute one statement. `columns` names the columns of an insert or update."""
        prepared = self._prepare(statement, columns)
        try:
            return self._db.exec_driver_sql(prepared.sql, prepared.bind(values))
        except DBAPIError as error:
            raise self._fault(error.orig) from None

    def scalar(self, statement: Any, /, **values: Any) -> Any:
        """The first column of the first row, or None; without the cost of a result object."""
        prepared = self._prepare(statement, None)
        with self._cursor() as cursor:
            cursor.execute(prepared.sql, prepared.bind(values))
            row = cursor.fetchone()
        return None if row is None else row[0]

    def execute(self, statement: Any, columns: Sequence[str] | None = None, /, **values: Any) -> int:
        """Execute one statement and count the rows it touched; without the cost of a result object."""
        prepared = self._prepare(statement, columns)
        with self._cursor() as cursor:
            cursor.execute(prepared.sql, prepared.bind(values))
            return int(cursor.rowcount)

    def execute_many(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        """Execute one insert for many rows."""
        if not rows:
            return
        prepared = self._prepare(statement, tuple(rows[0]))
        with self._cursor() as cursor:
            cursor.executemany(prepared.sql, [prepared.bind(row) for row in rows])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; never held open across an await."""
        self._plain("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        try:
            yield
            self._plain("COMMIT")
        except BaseException:
            self._rollback()
            raise

    def used_bytes(self) -> int:
        """Bytes that the database holds; room that deleted rows have left free does not count."""
        if self.is_sqlite:
            pages, free, size = (
                int(self._db.exec_driver_sql(f"PRAGMA {name}").scalar_one())
                for name in ("page_count", "freelist_count", "page_size")
            )
            return (pages - free) * size
        return int(self._db.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())

    def close(self) -> None:
        """Close the connection; committed data stays."""
        self._db.close()
        self._db.engine.dispose()

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        try:
            if self._db.invalidated:
                self._db.exec_driver_sql("SELECT 1")  # connects again
            cursor = self._db.connection.cursor()
        except DBAPIError as error:
            raise self._fault(error.orig) from None
        try:
            yield cursor
        except self._db.dialect.loaded_dbapi.Error as error:
            raise self._fault(error) from None
        finally:
            cursor.close()

    def _plain(self, sql: str) -> None:
        with self._cursor() as cursor:
            cursor.execute(sql)

    def _rollback(self) -> None:
        try:
            if not self._db.invalidated:
                self._plain("ROLLBACK")
        except StoreError:
            self._db.invalidate()

    def _fault(self, error: BaseException | None) -> StoreError:
        """What a driver's error means: a lost race, a broken rule, or a database that failed."""
        reason = _reason(error)
        if isinstance(error, self._db.dialect.loaded_dbapi.IntegrityError):
            raced = any(sign in reason for sign in _RACED)
            return Conflict(reason) if raced else DeltaRejected(reason)
        if isinstance(error, self._db.dialect.loaded_dbapi.Error) and not self._db.invalidated:
            lost = self._db.dialect.is_disconnect(error, self._db.connection.dbapi_connection, None)
            if lost:
                self._db.invalidate()
        return StoreError(f"{_shown(self.url)}: {reason}")

    def _prepare(self, statement: Any, columns: Sequence[str] | None) -> Prepared:
        found = self._prepared.get(id(statement))
        if found is None:
            prepared = Prepared(statement, self._db.dialect, columns)
            # The statement is kept beside its compiled form, so that its id is never given to another one.
            self._prepared[id(statement)] = found = (statement, prepared)
        return found[1]


def _connect(url: str) -> Connection:
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"the memory is kept in SQLite or PostgreSQL, not in {parsed.get_backend_name()}")
    options: dict[str, Any] = {}
    if parsed.get_backend_name() == "sqlite":
        options = {"connect_args": {"check_same_thread": False}}
        if parsed.database in (None, "", ":memory:"):
            options["poolclass"] = StaticPool
    engine = create_engine(url, isolation_level="AUTOCOMMIT", **options)
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
    return engine.connect()


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _remedy(error: ModuleNotFoundError) -> str:
    if error.name == "psycopg":
        return ": pip install 'mcp-sim[postgres]'"
    return "; use a URL such as postgresql+psycopg://host/name, or the path of a SQLite file"


def _reason(error: BaseException | None) -> str:
    return next(iter(str(error).splitlines()), "it failed without a reason")


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url
