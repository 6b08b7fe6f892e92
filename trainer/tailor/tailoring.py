"""From a recipe to a data set: scanned, made, chosen, written; what is done already is not done again."""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

import orjson

import mcp_sim
from mcp_sim.errors import McpSimError
from schemas.canonical import canonical
from store.traces.importers import Complaint
from trainer.tailor.anchors import EXTRACTOR
from trainer.tailor.census import Census
from trainer.tailor.controls import control, summary
from trainer.tailor.engines import Engine
from trainer.tailor.events import digest
from trainer.tailor.index import entries
from trainer.tailor.inputs import Inputs, inputs_of
from trainer.tailor.kitchen import RecipeError, resolved
from trainer.tailor.make import make, weigh
from trainer.tailor.manifest import manifest_of
from trainer.tailor.play import played
from trainer.tailor.recipe import Recipe, Source
from trainer.tailor.report import card, page
from trainer.tailor.report.page import NoPlots
from trainer.tailor.scan import services_of, stores_of, take, units_of
from trainer.tailor.selection import Selection, select
from trainer.tailor.shards import planned, write_shard
from trainer.tailor.statistics import Counts
from trainer.tailor.workshop import LOCK, Workshop, read_lines, write_json, write_lines, write_whole

Progress = Callable[[str, int, int | None], None]
"""Hears of a stage, how far it went on, and how far it has to go if that is known."""
STAGES = ("playing", "reading", "weighing", "making", "choosing", "writing")

_MARK = ".recipe"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NoRoom(McpSimError):
    """The disk is full."""


@dataclass
class Tailoring:
    """One data set in the making."""

    recipe: Recipe
    out: Path
    engine: Engine
    progress: Progress = lambda *_: None
    report: bool = True
    complaints: list[Complaint] = field(default_factory=list)
    _inputs: list[Inputs] = field(default_factory=list)
    _files: dict[Path, str] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """Make the data set, or what is left of it to make; its manifest.

        Raises:
            RecipeError: the recipe cannot be followed, or the folder holds something else.
            OSError: a file cannot be read or written.
        """
        shop = Workshop(self.out)
        found = {path.name for path in shop.out.iterdir()} if shop.out.exists() else set[str]()
        if found - {LOCK} and _MARK not in found:
            raise RecipeError(f"{shop.out} holds something else; name an empty folder with --out")
        try:
            with shop.alone():
                return self._run(shop)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            raise NoRoom(f"{self.out}: {error.strerror}; what is done stays, so make room and run it again") from None
        finally:
            self.engine.close()

    def _run(self, shop: Workshop) -> dict[str, Any]:
        self._claim(shop)
        if not (shop.work / "plan.json").exists():
            self._plan(shop)
        plan = shop.plan()
        units = plan["units"]
        if ":" in self.recipe.arm and not (shop.work / "control.json").exists():
            self._control(shop, units)
        self._each("making", make, units)
        self._tell("choosing", 0, None)
        names = [unit["name"] for unit in units]
        selection = select(entries(shop, names), self.recipe, self._complain)
        shards = planned(shop, selection, self.recipe.shard)
        self._each("writing", write_shard, shards)
        return self._finish(shop, selection, shards, names)

    def _claim(self, shop: Workshop) -> None:
        """Take the folder for this recipe; what an earlier run of the same one left is gone on with."""
        key = canonical([resolved(self.recipe), EXTRACTOR, mcp_sim.__version__, self._digests()])
        mark = hashlib.sha256(key).hexdigest().encode()
        if (shop.out / _MARK).exists() and (shop.out / _MARK).read_bytes() != mark:
            for path in ("data", "facts", "played", "raw", ".work"):
                shutil.rmtree(shop.out / path, ignore_errors=True)
        write_whole(shop.out / _MARK, mark)

    def _digests(self) -> list[str]:
        """The contents of all files that are read."""
        given = [source for source in self.recipe.sources if source.kind == "recordings"]
        self._inputs = [inputs_of(source, self._complain) for source in given]
        self._files = {path: digest(path) for one in self._inputs for path in one.all}
        return list(self._files.values())

    def _plan(self, shop: Workshop) -> None:
        """Play, take everything in, and note what has to be done."""
        for source in self.recipe.sources:
            if source.kind == "play":
                runs = [[world, number] for world in source.worlds for number in range(source.sessions)]
                tasks = [{"source": source.model_dump(mode="json"), "world": w, "number": n} for w, n in runs]
                paths = sorted(map(Path, self._each("playing", play, tasks)))
                self._files |= {path: digest(path) for path in paths}
                self._inputs.append(Inputs(source.name, recordings=paths))
        stores = stores_of(self._inputs)
        found = sorted(self._each("reading", take, stores), key=lambda one: one.number)
        census = Census()
        for one in found:
            census.add(one.census)
            self.complaints += one.complaints
        services, domains = services_of(census, self._inputs, self._complain)
        write_lines(shop.work / "services.jsonl", [service.encode() for service in services])
        of_file = {path: one.source for one in self._inputs for path in one.all}
        body = {
            "recipe": resolved(self.recipe),
            "units": units_of(stores, {one.number: one.census.runs for one in found}),
            "stores": {str(store["number"]): store["paths"] for store in stores},
            "events": census.events,
            "files": {
                str(path): {"source": of_file[path], "sha256": digest, "bytes": path.stat().st_size}
                for path, digest in sorted(self._files.items())
            },
            "domains": domains,
            "complaints": [str(complaint) for complaint in self.complaints],
        }
        write_json(shop.work / "plan.json", body)

    def _control(self, shop: Workshop, units: list[Any]) -> None:
        kind, _, name = self.recipe.arm.partition(":")
        found = sorted(one for part in self._each("weighing", weigh, units) for one in part)
        write_json(shop.work / "control.json", control(found, name, kind, self.recipe.seed))

    def _finish(
        self, shop: Workshop, selection: Selection, shards: list[dict[str, Any]], names: list[str]
    ) -> dict[str, Any]:
        counts = Counts()
        for name in names:
            counts.add(_done(shop, name))
        write_lines(shop.out / "rejected.jsonl.gz", _joined(shop, names, "rejected.jsonl.gz"))
        write_lines(shop.out / "dropped.jsonl.gz", (canonical(one) for one in selection.dropped))
        placed = (
            canonical([entry.id, entry.unit, side]) for side, chosen in selection.chosen.items() for entry in chosen
        )
        write_lines(shop.out / "index.jsonl.gz", placed)
        write_json(shop.out / "splits.json", selection.frozen)
        write_json(shop.out / "units.json", shop.plan()["units"])
        weighed = list(_weighed(shop, names))
        write_json(shop.out / "controls.json", summary(weighed, sorted({one[1] for one in weighed} - {""}), 0))
        manifest = manifest_of(shop, self.recipe, selection, shards, counts)
        write_whole(shop.out / "README.md", card(manifest).encode())
        if self.report:
            self._report(shop, manifest)
        return manifest

    def _report(self, shop: Workshop, manifest: dict[str, Any]) -> None:
        try:
            write_whole(shop.out / "report.html", page(manifest).encode())
        except NoPlots as error:
            self._complain(Complaint(shop.out / "report.html", 0, f"not written: {error}"))

    def _each(self, stage: str, task: Any, units: list[Any]) -> list[Any]:
        self._tell(stage, 0, len(units))
        found = []
        for one in self.engine.each(task, str(self.out), units):
            self._tell(stage, 1, len(units))
            found.append(one)
        return found

    def _tell(self, stage: str, count: int, total: int | None) -> None:
        self.progress(stage, count, total)

    def _complain(self, complaint: Complaint) -> None:
        self.complaints.append(complaint)


def play(out: str, task: dict[str, Any]) -> str:
    """Write the trace of one run that is played, unless it is there; its path."""
    source = Source.model_validate(task["source"])
    world = Path(task["world"]).stem
    path = Path(out) / "played" / source.name / f"{world}-{task['number']:05}.jsonl"
    if not path.exists():
        write_lines(path, played(source, task["world"], task["number"]))
    return str(path)


def _done(shop: Workshop, name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(shop.made(name, "done").read_bytes())
    return found


def _joined(shop: Workshop, names: list[str], what: str) -> Iterator[bytes]:
    for name in names:
        yield from read_lines(shop.made(name, what))


def _weighed(shop: Workshop, names: list[str]) -> Iterator[Any]:
    for name in names:
        for line in read_lines(shop.facts(name)):
            found = orjson.loads(line)
            lost = found["losses"][0]["filter"] if found["losses"] else ""
            yield found["event"], intern(lost), intern(found["source"]), found["characters"]
