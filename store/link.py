"""The connection to a database: made again after it was lost, but never in the middle of a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from store.errors import ConnectionLost, StoreError
from store.faults import failed, lost, lost_at_commit, refused

_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -65536",
)
_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE application_name = '{name}' AND usename = current_user AND pid <> pg_backend_pid()
"""
"""Ends what PostgreSQL still does for a connection that is gone; false where that takes longer."""


class Link:
    """One connection in autocommit mode, and the transaction that is open on it, if any.

    After a loss, the server has ended what it did for the old connection before the new one is used: no lock is left
    behind, and what was committed is to be seen.
    """

    def __init__(self, url: str) -> None:
        """Connect to a SQLAlchemy URL; every fault of the database is raised as a StoreError from here on.

        Raises:
            StoreError: it is neither SQLite nor PostgreSQL, or cannot be connected to.
        """
        self.shown = shown(url)
        self._is_open = False
        self._name = ""
        self._gone: list[str] = []
        self._engine = _engine(url)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        event.listen(self._engine, "handle_error", self._tell)
        if self.is_sqlite:
            event.listen(self._engine, "connect", _set_pragmas)
        else:
            event.listen(self._engine, "do_connect", self._name_it)
            event.listen(self._engine, "connect", _set_planner)
        self._db = self._engine.connect()
        self.dialect = self._db.dialect
        self._error = self.dialect.loaded_dbapi.Error

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self._is_open

    def ready(self) -> Connection:
        """The connection, made again if it was lost.

        Raises:
            ConnectionLost: it was lost in the middle of this transaction.
            StoreError: the database cannot be reached.
        """
        if self._db.invalidated:
            if self._is_open:
                raise lost(None, self.shown)
            self._db.rollback()  # of what SQLAlchemy takes for a transaction, and would not connect again without
            self._db.exec_driver_sql("SELECT 1")  # connects again
            self._end_the_lost()
        return self._db

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """A cursor of the driver."""
        cursor = self.ready().connection.cursor()
        try:
            yield cursor
        except self._error as error:
            raise self._fault(error) from None
        finally:
            cursor.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing.

        Raises:
            ConnectionLost: at the end, and nobody knows whether it was committed.
        """
        begin = "BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN"
        try:
            self._plain(begin)
        except ConnectionLost:
            self._plain(begin)  # nothing had been done yet
        self._is_open = True
        try:
            yield
            self._commit()
        except BaseException:
            self._rollback()
            raise
        finally:
            self._is_open = False

    def close(self) -> None:
        """Close the connection; committed data stays."""
        self._db.close()
        self._engine.dispose()

    def _commit(self) -> None:
        try:
            self._plain("COMMIT")
        except ConnectionLost:
            raise lost_at_commit(self.shown) from None

    def _rollback(self) -> None:
        if self._db.invalidated:
            return
        try:
            if not self.is_sqlite or self._db.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
                self._plain("ROLLBACK")
        except StoreError:
            self._db.invalidate()

    def _plain(self, sql: str) -> None:
        with self.cursor() as cursor:
            cursor.execute(sql)

    def _fault(self, error: BaseException) -> StoreError:
        """What an error of the driver means; a connection that it has cost is given up."""
        if isinstance(error, self.dialect.loaded_dbapi.IntegrityError):
            return refused(error)
        if self.dialect.is_disconnect(error, self._db.connection.dbapi_connection, None):  # type: ignore[arg-type]
            self._db.invalidate()
            return lost(error, self.shown)
        return failed(error, self.shown)

    def _tell(self, context: ExceptionContext) -> None:
        """Raise what an error means that SQLAlchemy has met."""
        error = context.original_exception
        dbapi = context.dialect.loaded_dbapi
        if isinstance(error, dbapi.IntegrityError):
            raise refused(error)
        if context.is_disconnect and context.connection is not None:
            raise lost(error, self.shown)
        if isinstance(error, dbapi.Error):
            raise failed(error, self.shown)

    def _name_it(self, _dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        """Give every connection to PostgreSQL a name of its own, by which the server finds what it does for it."""
        if self._name:
            self._gone.append(self._name)
        self._name = f"{options.get('application_name', 'mcp-sim')[:40]} {token_hex(8)}"
        options["application_name"] = self._name

    def _end_the_lost(self) -> None:
        while self._gone:
            found = self._db.exec_driver_sql(_END.format(name=self._gone[-1])).scalars().all()
            if not all(found):
                self._db.invalidate()
                raise StoreError(f"{self.shown}: the server is still busy with what a lost connection did; try again")
            self._gone.pop()


def shown(url: str) -> str:
    """A URL, without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"the memory is kept in SQLite or PostgreSQL, not in {parsed.get_backend_name()}")
    if parsed.get_backend_name() == "postgresql":
        return create_engine(url, isolation_level="AUTOCOMMIT")
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False}}
    if parsed.database in (None, "", ":memory:"):
        options["poolclass"] = StaticPool
    return create_engine(url, isolation_level="AUTOCOMMIT", **options)


def _set_planner(connection: Any, _record: Any) -> None:
    """Read by the indexes: a plan stays that was made when the tables were small, and one step may add many rows."""
    autocommit, connection.autocommit = connection.autocommit, True
    cursor = connection.cursor()
    cursor.execute("SET enable_seqscan = off")
    cursor.execute("SET jit = off")
    cursor.close()
    connection.autocommit = autocommit


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
