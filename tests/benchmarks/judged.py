"""A large real spec served: by the twin that is learned from it, and by Prism; schemathesis counts what is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_sim.learn.openapi import learn_api, learn_openapi
from mcp_sim.learn.openapi.spec import read_spec
from mcp_sim.learn.write import write
from tests.benchmarks import packages
from tests.benchmarks.process import NotRunning, free_port, serving

MOST_COMPONENTS = 15
"""Schemas that the operations of one resource may need to be in the part that both serve."""
_ROUNDS = 40
_FAILURE = re.compile(r"^  (?:❌|🚫) (?:ST\d+ )?([A-Z][^:\n]*): (\d+)$", re.MULTILINE)
_AGAIN = "import subprocess, sys\nwhile True: subprocess.run(sys.argv[1:]); print('ENDED', flush=True)"
"""Starts a server again whenever it ends."""


@dataclass(frozen=True)
class Judgement:
    """What became of one server.

    Attributes:
        start: seconds until it listened with the whole file; None: not within the time that it had.
        cases: requests that were judged, `failures` by what is wrong, `ends` how often the server ended meanwhile.
    """

    server: str
    version: str
    start: float | None
    cases: int
    failures: dict[str, int] = field(default_factory=dict)
    ends: int = 0


def spec_file() -> Path:
    """The spec, among the development data.

    Raises:
        Missing: it is not there.
    """
    folder = os.environ.get("MCP_SIM_DATA")
    found = next(Path(folder).glob("openapi/stripe_spec3*"), None) if folder else None
    if found is None:
        raise packages.Missing("MCP_SIM_DATA names no folder with openapi/stripe_spec3*")
    return found


def judge(seconds: int) -> Iterator[Judgement]:
    """Both servers, each for this long."""
    whole = read_spec(spec_file(), lambda _: None).data
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part, content in (("whole", whole), ("part", plain_part(whole))):
            (folder / f"{part}.json").write_text(json.dumps(content, default=str))
        for server, version, command in (("mcp-sim", "", _ours), ("Prism", _prism_version(), _prism)):
            started = time.monotonic()
            start = _seconds_to_listen(command, folder / "whole.json", started)
            cases, failures, ends = _judged(command, folder / "part.json", seconds)
            yield Judgement(server, version, start, cases, failures, ends)


def plain_part(spec: dict[str, Any]) -> dict[str, Any]:
    """The operations whose schemas are no web of circles, fields that may be expanded holding keys alone."""
    spec = _keys_alone(spec)
    schemas = spec["components"]["schemas"]
    for schema in schemas.values():
        if "message" in schema.get("properties", {}) and "doc_url" in schema["properties"]:  # of an error, its texts
            texts = {name: part for name, part in schema["properties"].items() if part.get("type") == "string"}
            schema["properties"] = texts
    groups: dict[str, dict[str, Any]] = {}
    for path, item in spec["paths"].items():
        groups.setdefault(path.split("/")[2], {})[path] = item
    paths = {
        path: item
        for group in groups.values()
        if len(_needed(group, schemas)) <= MOST_COMPONENTS
        for path, item in group.items()
    }
    kept = _needed(paths, schemas)
    components = {**spec["components"], "schemas": {name: part for name, part in schemas.items() if name in kept}}
    return {**spec, "paths": paths, "components": components}


def _keys_alone(value: Any) -> Any:
    if isinstance(value, list):
        return [_keys_alone(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "x-expansionResources" in value:
        text = next((part for part in value.get("anyOf", ()) if part.get("type") == "string"), {"type": "string"})
        return {**{word: value[word] for word in ("description", "nullable") if word in value}, **text}
    return {name: _keys_alone(part) for name, part in value.items()}


def _needed(part: Any, schemas: dict[str, Any]) -> set[str]:
    """The names of the schemas that a part of a spec needs."""
    found: set[str] = set()
    todo = [part]
    while todo:
        one = todo.pop()
        if isinstance(one, list):
            todo.extend(one)
        elif isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name in schemas and name not in found:
                found.add(name)
                todo.append(schemas[name])
            todo.extend(one.values())
    return found


def _ours(spec: Path, port: int) -> Sequence[str]:
    api = learn_openapi(spec)
    folder = spec.with_suffix("")
    write(learn_api("learned", api, {}, lambda _: None), folder)
    return [sys.executable, "-m", "mcp_sim", "serve", str(folder), "--port", str(port)]


def _prism(spec: Path, port: int) -> Sequence[str]:
    options = ["--host", "127.0.0.1", "--port", str(port), "--verboseLevel", "error"]
    return [*packages.script("@stoplight/prism-cli/dist/index.js"), "mock", str(spec), *options]


def _prism_version() -> str:
    return packages.version("@stoplight/prism-cli")


def _seconds_to_listen(command: Any, spec: Path, started: float) -> float | None:
    port = free_port()
    try:
        with tempfile.TemporaryDirectory() as folder, serving(command(spec, port), Path(folder), port):
            return time.monotonic() - started
    except NotRunning:
        return None


def _judged(command: Any, spec: Path, seconds: int) -> tuple[int, dict[str, int], int]:
    """(cases, failures by what is wrong, how often the server ended) of the stateful phase."""
    port = free_port()
    again = [sys.executable, "-c", _AGAIN, *command(spec, port)]
    base = f"http://127.0.0.1:{port}" + ("/api" if command is _ours else "")
    cases, failures, end = 0, Counter[str](), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder, serving(again, Path(folder), port) as process:
        for seed in range(1, _ROUNDS):  # a server that ends ends a run, too: then there is another one
            said = _run(spec, base, seed, max(1, round(end - time.monotonic())), Path(folder))
            generated = re.search(r"(\d+) generated", said)
            cases += int(generated[1]) if generated else 0
            failures.update({what: int(times) for what, times in _FAILURE.findall(said)})
            if time.monotonic() > end - 1:
                break
            process.wait_until_it_listens()
        ends = (Path(folder) / "log.txt").read_text(errors="replace").count("ENDED")
    return cases, dict(failures), ends


def _run(spec: Path, base: str, seed: int, seconds: int, folder: Path) -> str:
    options = ["--phases", "stateful", "--checks", "all", "--exclude-checks", "ignored_auth", "--seed", str(seed)]
    options += ["--max-time", str(seconds), "--generation-database", "none", "--continue-on-failure"]
    command = [str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run", str(spec), "-u", base]
    run = subprocess.run(
        [*command, "-H", "Authorization: Bearer x", *options], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.stdout
