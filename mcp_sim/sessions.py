"""The sessions of one database: create, open, branch, rewind, delete, and what they hold."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex

from mcp_sim.errors import BadName, UnknownEntity, UnknownSession
from mcp_sim.perturb.given import Given, perturbations_of, without
from mcp_sim.registry import Registry
from mcp_sim.session import Mode, Session
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.types import Row, StateDelta, World
from schemas.validate import nearest
from store import past
from store import sessions as stored
from store.db import Database
from store.errors import NoSuchSession
from store.retention import Retention, collect
from store.room import session_sizes
from store.sessions import SessionRecord
from store.timeline import Timeline
from store.traces.encode import encode_header
from store.worlds import stored_world

Rows = list[Row]

DEFAULT = "default"
"""The session behind `/mcp`, and behind stdio."""

SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
SNAPSHOT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
"""The name of a snapshot, which is never taken for the number of a step."""
_OPEN = 1024
"""Sessions kept ready in memory; the others are opened again when they are called."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What a list of sessions shows of each."""

    id: str
    world: str
    seed: int
    steps: int
    created: str
    last_used: str


class Sessions:
    """The sessions of one database.

    Attributes:
        default: the id of the session that `default` means here.
    """

    def __init__(self, db: Database, worldmodel: WorldModel | None = None, modes: Mapping[World, Mode] = {}) -> None:
        self.default = DEFAULT
        self._db = db
        self._worldmodel = worldmodel
        self._modes = modes
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._registries: dict[str, Registry] = {}
        self._served: tuple[World, int, Given | None] | None = None

    def create(
        self,
        world: World,
        *,
        seed: int | None = None,
        session_id: str | None = None,
        perturbations: Given | None = None,
    ) -> Session:
        """A new session; its id is made up unless given, its seed and its perturbations are the world's unless given.

        Raises:
            BadName: the id is not made of letters, digits, `_` and `-`.
            BadPerturbation: the world cannot have these perturbations.
            SessionExists: the id is taken.
        """
        session_id = token_hex(8) if session_id is None else _checked(session_id)
        own = None if perturbations is None else perturbations_of(world, perturbations)
        record = stored.create(self._db, session_id, world, world.seed if seed is None else seed, own)
        if world.fingerprint not in self._registries:
            self._registries[world.fingerprint] = Registry(world, self._worldmodel)
        return self._start(record)

    def open(self, session_id: str) -> Session:
        """The session with this id.

        Raises:
            UnknownSession: there is none, or it has expired.
        """
        session_id = self._meant(session_id)
        session = self._open.get(session_id)
        if session is None or session.gone:
            if session_id == self.default and self._served and not stored.exists(self._db, session_id):
                return self.serve(*self._served)  # deleted under a running server, whose address stays
            return self._start(self._find(session_id))
        self._open.move_to_end(session_id)
        return session

    def list(self) -> list[SessionInfo]:
        """Every session, oldest first."""
        return [_info(record) for record in stored.all_sessions(self._db)]

    def info(self, session_id: str) -> SessionInfo:
        """What the list shows of one session.

        Raises:
            UnknownSession: there is none.
        """
        return _info(self._find(session_id))

    def world(self, session_id: str) -> World:
        """The world of a session.

        Raises:
            UnknownSession: there is none.
        """
        return self._registry(self._find(session_id)).world

    def reset(self, session_id: str) -> Session:
        """Back to the seed rows, as on the first day; the steps so far are gone.

        Raises:
            UnknownSession: there is none.
        """
        session_id = self._find(session_id).id
        self._open.pop(session_id, None)
        return self._start(stored.reset(self._db, session_id))

    def branch(
        self, session_id: str, *, at: int | None = None, fresh_id: str | None = None, leaving_out: Sequence[str] = ()
    ) -> Session:
        """A new session that goes on from step `at` (default: the last) of another; the two never meet again.

        From there on, it has the perturbations of the other but those that are left out by name; these shift no other.

        Raises:
            UnknownSession: there is no such session.
            NoSuchStep: it has fewer steps.
            SessionExists: the new id is taken.
            BadPerturbation: the other session has none of a name that is left out.
        """
        source = self.open(session_id)
        fresh_id = token_hex(8) if fresh_id is None else _checked(fresh_id)
        kept = without(source.perturbations, leaving_out) if leaving_out else None
        return self._start(stored.branch(self._db, source.id, fresh_id, at, kept))

    def counterfactual(self, session_id: str, perturbation: str, *, at: int | None = None) -> tuple[Session, Session]:
        """Two branches of one moment, alike in seed and past: one with a perturbation, one without it.

        Raises:
            UnknownSession: there is no such session.
            NoSuchStep: it has fewer steps.
            BadPerturbation: it has no perturbation of this name.
        """
        other = self.branch(session_id, at=at, leaving_out=[perturbation])
        return self.branch(session_id, at=at), other

    def perturb(self, session_id: str, perturbations: Given) -> Session:
        """Give a session other perturbations, from its next call on.

        Raises:
            UnknownSession: there is no such session.
            BadPerturbation: its world cannot have these.
        """
        source = self.open(session_id)
        checked = perturbations_of(source.world, perturbations)
        self._open.pop(source.id, None)
        return self._start(stored.perturb(self._db, source.id, checked))

    def snapshot(self, session_id: str, name: str) -> int:
        """Name the present moment of a session, to rewind to; returns the number of its last step.

        Raises:
            UnknownSession: there is no such session.
            BadName: the name is not a letter, followed by letters, digits, `_` and `-`.
        """
        session_id = self._find(session_id).id
        return stored.snapshot(self._db, session_id, _snapshot(name))

    def snapshots(self, session_id: str) -> dict[str, int]:
        """The named moments of a session: name to step.

        Raises:
            UnknownSession: there is no such session.
        """
        return stored.snapshots(self._db, self._find(session_id).id)

    def rewind(self, session_id: str, to: int | str) -> Session:
        """Back to a step or a named snapshot, exactly: rows, clock, id counters and random stream.

        Raises:
            UnknownSession: there is no such session.
            NoSuchStep: it has fewer steps, or no such snapshot.
            BadName: the name cannot be one of a snapshot.
        """
        source = self.open(session_id)
        to = _snapshot(to) if isinstance(to, str) else to
        self._open.pop(source.id, None)
        return self._start(stored.rewind(self._db, source.id, to))

    def collect(self, retention: Retention) -> Iterator[str]:
        """Delete sessions that have expired or have no room, one by one; their ids. A call in flight is not cut off."""
        for session_id in collect(self._db, replace(retention, spared=self.default), self._is_busy):
            self._open.pop(session_id, None)
            yield session_id

    def used_bytes(self) -> int:
        """Bytes that the database holds."""
        return self._db.used_bytes()

    def sizes(self) -> dict[str, int]:
        """About how many bytes go when a session goes, by id; reads everything that sessions hold."""
        return session_sizes(self._db)

    def delete(self, session_id: str) -> None:
        """Delete a session with its rows and steps.

        Raises:
            UnknownSession: there is none.
        """
        session_id = self._find(session_id).id
        self._open.pop(session_id, None)
        stored.drop(self._db, session_id)

    def rows(self, session_id: str, entity: str | None = None, *, at: int | None = None) -> dict[str, Rows]:
        """The committed rows as of step `at` (default: the last), by entity, in key order.

        Raises:
            UnknownSession: there is no such session.
            UnknownEntity: its world has no such entity.
            NoSuchStep: it has fewer steps.
        """
        record = self._find(session_id)
        world = self._registry(record).world
        if entity is not None and entity not in world.entities:
            hint = nearest(entity[:100], world.entities) or f"; there are {', '.join(world.entities)}"
            raise UnknownEntity(f"no entity '{entity[:100]}'{hint}")
        rows = past.rows_at(self._db, world, record, record.steps if at is None else at)
        return {name: rows.query(name) for name in (world.entities if entity is None else (entity,))}

    def diff(self, session_id: str, start: int, end: int) -> StateDelta:
        """What turns the rows as of step `start` into those of step `end`, which may come before it.

        Raises:
            UnknownSession: there is no such session.
            NoSuchStep: it has fewer steps.
        """
        record = self._find(session_id)
        return past.difference(self._db, self._registry(record).world, record, start, end)

    def trace(self, session_id: str) -> Iterator[bytes]:
        """The trace as JSON Lines: a header with the complete World, then one line per Step.

        Raises:
            UnknownSession: there is no such session.
        """
        session = self.open(session_id)
        yield encode_header(session.world, session.seed, session.regimes) + b"\n"
        for line in session.steps():
            yield line + b"\n"

    def serve(self, world: World, seed: int | None = None, perturbations: Given | None = None) -> Session:
        """The session that `default` means from now on in this process: continued if it is there, else new.

        It has these perturbations from now on, or else those of its world.

        It is stored as `default` unless that is a session of another world or seed; then its id names both. So two
        servers of different worlds on one database do not touch each other's session.
        """
        seed = world.seed if seed is None else seed
        for session_id in (DEFAULT, world.name, f"{world.name}-{seed}", f"{world.name}-{seed}-{world.fingerprint[:8]}"):
            try:
                record = stored.find(self._db, session_id)
            except NoSuchSession:
                session = self.create(world, seed=seed, session_id=session_id)
            else:
                if (record.fingerprint, record.seed) != (world.fingerprint, seed):
                    continue
                session = self._open.get(session_id) or self._start(record)
            self.default, self._served = session_id, (world, seed, perturbations)
            wanted = perturbations_of(world, world.perturbations if perturbations is None else perturbations)
            return session if session.perturbations == wanted else self.perturb(session_id, wanted)
        raise BadName(f"every session id for world '{world.name}' with seed {seed} is taken; use another --db")

    def _find(self, session_id: str) -> SessionRecord:
        try:
            return stored.find(self._db, _checked(self._meant(session_id)))
        except (NoSuchSession, BadName) as error:
            raise UnknownSession(str(error)) from None

    def _meant(self, session_id: str) -> str:
        return self.default if session_id == DEFAULT else session_id

    def _is_busy(self, session_id: str) -> bool:
        session = self._open.get(session_id)
        return session is not None and session.busy

    def _registry(self, record: SessionRecord) -> Registry:
        registry = self._registries.get(record.fingerprint)
        if registry is None:
            registry = Registry(stored_world(self._db, record.fingerprint), self._worldmodel)
            self._registries[record.fingerprint] = registry
        return registry

    def _start(self, record: SessionRecord) -> Session:
        registry = self._registry(record)
        session = Session(
            record, registry, Timeline(self._db, registry.world, record.id), self._modes.get(registry.world)
        )
        self._open[record.id] = session
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)
        return session


def _checked(session_id: str) -> str:
    if not SESSION_ID.fullmatch(session_id):
        shown = _shown(session_id)
        raise BadName(f"'{shown}' is not a session id: up to 64 letters, digits, _ and -, a letter or digit first")
    return session_id


def _snapshot(name: str) -> str:
    if not SNAPSHOT.fullmatch(name):
        raise BadName(f"'{_shown(name)}' cannot name a snapshot: up to 64 letters, digits, _ and -, a letter first")
    return name


def _shown(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}…"


def _info(record: SessionRecord) -> SessionInfo:
    return SessionInfo(record.id, record.world, record.seed, record.steps, record.created, record.touched)
