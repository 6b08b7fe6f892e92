"""The control API: sessions and their state, for whoever runs the simulation. The agent never sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from mcp_sim import __version__
from mcp_sim.http.errors import HttpError
from mcp_sim.http.models import (
    Branching,
    ChangeView,
    Difference,
    Document,
    Health,
    Moment,
    NewSession,
    NewSnapshot,
    Perturbations,
    Perturbing,
    Rewinding,
    Rows,
    SessionList,
    SessionView,
    Sizes,
    SnapshotList,
    SnapshotView,
    Span,
    State,
    Storage,
    WorldList,
    WorldView,
)
from mcp_sim.perturb.given import Given, of_profile
from mcp_sim.sessions import SessionInfo, Sessions
from schemas.types import World
from schemas.validate import nearest
from store.retention import Retention

Worlds = Mapping[str, Callable[[], World]]
"""How to get each world, by name: reading its files can wait until someone asks."""


class Control:
    """What the control API does: a method per operation, which is documented by its text, its types and `ENDPOINTS`."""

    def __init__(self, sessions: Sessions, worlds: Worlds, document: dict[str, Any], retention: Retention) -> None:
        self._sessions = sessions
        self._worlds = worlds
        self._retention = retention
        self._document = Document(document)

    async def health(self, _: Request) -> Health:
        """Whether the server answers."""
        return Health(status="ok", version=__version__)

    async def get_document(self, _: Request) -> Document:
        """This document."""
        return self._document

    async def get_storage(self, _: Request) -> Storage:
        """How much room the database takes, and what bounds it."""
        bounds = self._retention
        return Storage(used_bytes=self._sessions.used_bytes(), keep_days=bounds.days, max_disk_mb=bounds.megabytes)

    async def get_sizes(self, _: Request) -> Sizes:
        """About how many bytes go when a session goes; counting them reads all that sessions hold."""
        return Sizes(self._sessions.sizes())

    async def list_worlds(self, _: Request) -> WorldList:
        """The worlds that sessions can be made of."""
        return WorldList(worlds=[WorldView.of(await run_in_threadpool(load)) for load in self._worlds.values()])

    async def list_sessions(self, request: Request) -> SessionList:
        """Every session, oldest first."""
        return SessionList(sessions=[self._view(request, info) for info in self._sessions.list()])

    async def create_session(self, request: Request, body: NewSession) -> SessionView:
        """Start a world."""
        if body.world not in self._worlds:
            shown = body.world[:100]
            hint = nearest(shown, self._worlds) or f"; there are {', '.join(self._worlds)}"
            raise HttpError(404, "unknown_world", f"no world '{shown}'{hint}")
        world = await run_in_threadpool(self._worlds[body.world])
        given = None if body.profile is None and body.perturbations is None else _given(body)
        session = self._sessions.create(world, seed=body.seed, session_id=body.id, perturbations=given)
        return self._view(request, session.id)

    async def get_session(self, request: Request) -> SessionView:
        """One session."""
        return self._view(request, _session(request))

    async def reset_session(self, request: Request) -> SessionView:
        """Back to the seed rows, as on the first day; the steps so far are gone."""
        return self._view(request, self._sessions.reset(_session(request)).id)

    async def branch_session(self, request: Request, body: Branching) -> SessionView:
        """A new session that goes on from a step of this one; neither sees what the other does from then on."""
        branch = self._sessions.branch(_session(request), at=body.at, fresh_id=body.id, leaving_out=body.without)
        return self._view(request, branch.id)

    async def get_perturbations(self, request: Request) -> Perturbations:
        """What may go wrong in a session from its next call on."""
        found = self._sessions.open(_session(request)).perturbations
        return Perturbations(perturbations=[one.model_dump(mode="json", by_alias=True) for one in found])

    async def set_perturbations(self, request: Request, body: Perturbing) -> Perturbations:
        """Give a session other perturbations, from its next call on."""
        self._sessions.perturb(_session(request), _given(body))
        return await self.get_perturbations(request)

    async def rewind_session(self, request: Request, body: Rewinding) -> SessionView:
        """Back to a step or a snapshot: rows, clock, ids and random numbers are as they were."""
        return self._view(request, self._sessions.rewind(_session(request), body.to).id)

    async def create_snapshot(self, request: Request, body: NewSnapshot) -> SnapshotView:
        """Name the present moment, to rewind to."""
        return SnapshotView(name=body.name, step=self._sessions.snapshot(_session(request), body.name))

    async def list_snapshots(self, request: Request) -> SnapshotList:
        """The named moments of a session, oldest first."""
        found = self._sessions.snapshots(_session(request))
        return SnapshotList(snapshots=[SnapshotView(name=name, step=n) for name, n in found.items()])

    async def delete_session(self, request: Request) -> None:
        """Delete a session with its rows and steps."""
        self._sessions.delete(_session(request))

    async def get_state(self, request: Request, query: Moment) -> State:
        """The rows as of a step, by entity."""
        return State(self._sessions.rows(_session(request), at=query.at))

    async def get_rows(self, request: Request, query: Moment) -> Rows:
        """The rows of one entity as of a step."""
        entity = request.path_params["entity"]
        return Rows(self._sessions.rows(_session(request), entity, at=query.at)[entity])

    async def get_difference(self, request: Request, query: Span) -> Difference:
        """What changed between two steps, one change per row, by entity and key."""
        delta = self._sessions.diff(_session(request), query.start, query.end)
        return Difference(changes=[ChangeView.of(change) for change in delta.changes])

    async def get_trace(self, request: Request) -> AsyncIterator[bytes]:
        """The trace as JSON Lines: a header with the complete world, then one line per step."""
        self._sessions.open(_session(request))
        return self._lines(_session(request))

    async def _lines(self, session_id: str) -> AsyncIterator[bytes]:
        for line in self._sessions.trace(session_id):
            yield line

    def _view(self, request: Request, session: str | SessionInfo) -> SessionView:
        info = self._sessions.info(session) if isinstance(session, str) else session
        return SessionView.of(info, self._sessions.world(info.id), str(request.base_url).rstrip("/"))


def _given(body: NewSession | Perturbing) -> Given:
    """What a body spells out, and behind it what its profile holds."""
    return [*(body.perturbations or []), *(of_profile(body.profile) if body.profile is not None else ())]


def _session(request: Request) -> str:
    found: str = request.path_params["session"]
    return found
