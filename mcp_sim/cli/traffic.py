"""The modes of `mcp-sim serve`: who answers, what is written down, and what is told in the end."""

from __future__ import annotations

from pathlib import Path

from mcp_sim.cli.modes import Mode, Traffic, Wanted
from mcp_sim.cli.output import note, notices
from mcp_sim.cli.upstream import reached
from mcp_sim.errors import SetupError
from mcp_sim.http.proxy import Proxy, ReplayFace
from mcp_sim.learn.tools import ToolList
from mcp_sim.responders.live.address import address_of
from mcp_sim.responders.live.http import HttpUpstream
from mcp_sim.responders.live.mcp import McpUpstream
from mcp_sim.traffic import report
from mcp_sim.traffic.capture import Capture
from mcp_sim.traffic.diff import Comparison, Diff
from mcp_sim.traffic.real import Real
from mcp_sim.traffic.record import Cleaner, HarFile, TraceFile
from mcp_sim.traffic.recording import Recording
from mcp_sim.traffic.replay import Replay
from mcp_sim.traffic.spy import Spy
from mcp_sim.traffic.worlds import called, declared_by, listed, world_of
from schemas.load import load_world
from schemas.recorded import RecordedCall
from store.traces.importers import read_recorded, recorded_tools


def prepared(wanted: Wanted) -> Traffic:
    """A mode made ready: the real service is reachable, its tools are listed, recordings are read.

    Raises:
        SetupError: the options do not belong together, or what they name is not there.
    """
    wanted.check()
    if wanted.mode is Mode.REPLAY:
        return _replay(wanted)
    assert wanted.upstream is not None
    address = address_of(wanted.upstream, wanted.headers)
    upstream, tools = reached(address, wanted.timeout)
    if wanted.mode is Mode.CAPTURE:
        return _capture(wanted, upstream, tools)
    assert wanted.world is not None
    world = declared_by(load_world(wanted.world), listed(tools))
    record = None if wanted.record is None else TraceFile(wanted.record, world, Cleaner(not wanted.with_secrets))
    real = Real(world, upstream, record)
    return _diff(wanted, real) if wanted.mode is Mode.DIFF else _spy(wanted, real)


def _capture(wanted: Wanted, upstream: McpUpstream | HttpUpstream, tools: ToolList) -> Traffic:
    assert wanted.record is not None
    cleaner = Cleaner(not wanted.with_secrets)
    for one in tools.set_aside:
        note(str(one))
    world = world_of("captured", listed(tools))
    record: TraceFile | HarFile
    if isinstance(upstream, HttpUpstream):
        har = record = HarFile(wanted.record, cleaner)
        traffic = Traffic(world, face=lambda secured: Proxy(upstream, har, secured=secured))
        traffic.told = [f"Hands on       /api to {upstream.name}"]
    else:
        trace = record = TraceFile(wanted.record, world, cleaner)
        traffic = Traffic(world, {world: Capture(Real(world, upstream, trace))})
        traffic.told = [f"Hands on       {len(world.tools)} tools of {upstream.name}"]
    traffic.told.append(f"Records        {wanted.record}{'' if wanted.with_secrets else ', without secrets'}")

    def close() -> int:
        record.close()
        notices.print(_written(record, cleaner), highlight=False, soft_wrap=True)
        return 0

    traffic.close, traffic.at_end = close, upstream.aclose
    return traffic


def _written(record: TraceFile | HarFile, cleaner: Cleaner) -> str:
    taken = ", ".join(f"{count} {kind}" for kind, count in cleaner.taken.most_common())
    return f"{record.path}: {record.calls} calls{f'; taken out: {taken}' if taken else ''}"


def _spy(wanted: Wanted, real: Real) -> Traffic:
    spy = Spy(real, wanted.confidence, wanted.budget, _recorded(wanted.traces))
    budget = "any number of calls" if wanted.budget is None else f"{wanted.budget} calls"
    told = [f"Unsure         below {wanted.confidence:.0%}: {real.upstream.name} is asked, {budget}"]
    return Traffic(real.world, {real.world: spy}, told=told, at_end=real.upstream.aclose)


def _diff(wanted: Wanted, real: Real) -> Traffic:
    comparison = Comparison(real.world.name, real.upstream.name, Cleaner(not wanted.with_secrets))

    def close() -> int:
        notices.print(report.text(comparison), highlight=False, markup=False, soft_wrap=True)
        for path in wanted.reports:
            report.write(comparison, path)
        return 0 if comparison.is_equal else 1

    told = [f"Compares       with {real.upstream.name}, which answers"]
    return Traffic(
        real.world, {real.world: Diff(real, comparison)}, told=told, at_end=real.upstream.aclose, close=close
    )


def _replay(wanted: Wanted) -> Traffic:
    calls = _recorded(wanted.traces)
    if not calls:
        raise SetupError(f"{', '.join(map(str, wanted.traces))}: there is no call in it to replay")
    if wanted.world is not None:
        world = load_world(wanted.world)
    else:
        found = ToolList()
        taken = set[tuple[str, ...]]()
        for path in wanted.traces:
            for definition in recorded_tools(path):
                found.take(definition, str(path), taken)
        declared = {tool.name: tool for tool in listed(found)}
        tools = declared | {tool.name: tool for tool in called(calls) if tool.name not in declared}
        world = world_of("replayed", tools.values())
    recording = Recording(calls, world.tools)
    replay = Replay(recording)
    if recording.unsure:
        note(f"nothing says whether these write, so they are taken to: {', '.join(sorted(recording.unsure)[:10])}")
    is_http = any(call.status is not None for call in calls)
    return Traffic(
        world,
        {world: replay},
        face=(lambda _: ReplayFace(replay)) if is_http else None,
        told=[f"Replays        {len(calls)} recorded calls; what was not recorded is an error"],
    )


def _recorded(paths: list[Path]) -> list[RecordedCall]:
    return list(read_recorded(paths, tell=lambda complaint: note(str(complaint))))
