"""A whole run: data, cpt, sft, rl and bench, one folder each; whatever is done already is not done again."""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from trainer import checkpoint
from trainer.answering import answers as said
from trainer.bench import bench
from trainer.bench.baselines import SYNTHESIZER, synthesized
from trainer.bench.drift import Drift
from trainer.bench.html import html
from trainer.card import card
from trainer.cases import Case, Cases
from trainer.cpt import cpt
from trainer.drifting import drifted
from trainer.durable import checkpoints, settle, write_json
from trainer.errors import TrainingError
from trainer.memory import check_gpu
from trainer.ranks import first_alone, is_first
from trainer.recipes.pools import HELD_OUT, LEARNED, POOLS, Pools
from trainer.recipes.recipe import Recipe
from trainer.record import Record, read_records, write_records
from trainer.rl import rl
from trainer.sft import sft
from trainer.stage import Stage, file_hash

_log = logging.getLogger("trainer")
STAGES = ("cpt", "sft", "rl")
MANIFEST, REPORT, RESULT = "manifest.json", "report.html", "bench.json"
_LIBRARIES = ("torch", "transformers", "trl", "accelerate", "datasets", "tokenizers", "mcp-sim")


@dataclass(frozen=True, slots=True)
class Run:
    """A recipe and the folder in which it is carried out."""

    recipe: Recipe
    folder: Path

    @property
    def traces(self) -> Path:
        """What the records stand on."""
        return self.folder / "data" / "traces"

    @property
    def model(self) -> Path:
        """The last checkpoint."""
        return self.folder / STAGES[-1] / "model"

    def records(self, pool: str) -> Path:
        """The records of a pool."""
        return self.folder / "data" / f"{pool}.jsonl.gz"

    def stage(self, name: str) -> Stage:
        """A stage in its folder."""
        return Stage(name, self.folder / name)


def run(recipe: Recipe, folder: Path) -> dict[str, Any]:
    """Carry out a recipe, or go on where it was interrupted.

    Returns:
        The manifest: hashes of the data, versions, seeds and metrics; of several processes, the first has it.

    Raises:
        TrainingError: it cannot begin or go on; what is done stays.
    """
    check_gpu(recipe.name, wanted=recipe.gpu)
    whole = Run(recipe, folder)
    with first_alone():
        told = _tailor(whole)
        start = _start(whole)
    for name, stage in _stages(whole).items():
        _log.info("%s", name)
        stage(start)
        start = whole.stage(name).model
    if not is_first():
        return {}
    result = _bench(whole)
    manifest = _manifest(whole, told, result)
    write_json(folder / MANIFEST, manifest)
    (whole.model / "README.md").write_text(card(manifest), encoding="utf-8")
    return manifest


def _stages(whole: Run) -> dict[str, Callable[[Path], dict[str, Any]]]:
    recipe, traces = whole.recipe, whole.traces
    return {
        "cpt": lambda start: cpt(whole.stage("cpt"), start, whole.records("cpt"), recipe.cpt),
        "sft": lambda start: sft(whole.stage("sft"), start, whole.records("sft"), recipe.sft, recipe.thinking, traces),
        "rl": lambda start: rl(whole.stage("rl"), start, whole.records("rl"), recipe.rl, recipe.learning, traces),
    }


def _tailor(whole: Run) -> dict[str, Any]:
    """Write the records, pool by pool; a pool that is there is whole."""
    data = whole.recipe.source.data(whole.traces)
    source = whole.folder / "data" / "source.json"
    told = orjson.loads(orjson.dumps(data.told))
    if source.is_file() and orjson.loads(source.read_bytes()) != told:
        raise TrainingError(f"{source.parent} holds other data than the recipe asks for: name another folder")
    write_json(source, told)
    pools = Pools(data.contamination)
    for pool in (HELD_OUT, *LEARNED):
        file = whole.records(pool)
        if not file.is_file():
            made: Iterator[Record] = getattr(data, pool)
            count = write_records(file, pools.admitted(pool, made))
            write_json(file.with_name(f"{pool}.left-out.json"), pools.left_out[pool])
            _log.info("data: %d records for %s, %d left out", count, pool, pools.left_out[pool].total())
        elif pool == HELD_OUT:
            pools.know(read_records(file))
    return {
        "source": told,
        "contamination": data.contamination.model_dump(mode="json"),
        "files": {pool: file_hash(whole.records(pool)) for pool in POOLS},
        "left_out": {
            pool: orjson.loads(whole.records(pool).with_name(f"{pool}.left-out.json").read_bytes()) for pool in POOLS
        },
    }


def _start(whole: Run) -> Path:
    """The checkpoint that the first stage begins with: made from nothing, or taken."""
    model, folder = whole.recipe.model, whole.folder / "start"
    if isinstance(model, str):
        return checkpoint.fetched(model)
    if not folder.is_dir():
        texts = (turn.content for record in read_records(whole.records("cpt")) for turn in record.turns)
        tokenizer = checkpoint.make_tokenizer(texts, model.vocabulary, model.positions)
        unfinished = folder.with_name("start.unfinished")
        checkpoint.save(checkpoint.make_model(model, tokenizer, whole.recipe.seed), tokenizer, unfinished)
        settle(unfinished, folder)
        _log.info("a model of %s weights", f"{model.parameters:,}")
    return folder


def _bench(whole: Run) -> dict[str, Any]:
    """What each stage's model answers to the held-out calls."""
    held_out = list(islice(read_records(whole.records("held_out")), whole.recipe.bench.calls))
    ground = Cases(whole.traces)
    cases = [ground.of(record) for record in held_out]
    answers = {SYNTHESIZER: synthesized(cases)}
    answers |= {name: said(whole.stage(name), held_out, whole.recipe.bench, whole.recipe.cpt) for name in STAGES}
    result = bench(cases, answers)
    drifts = _drifts(whole, cases)
    told = {**result.summary(), "drift": {name: found.summary() for name, found in drifts.items()}}
    write_json(whole.folder / RESULT, told)
    page = html(result, answers, drifts, logged=_curves(whole))
    (whole.folder / REPORT).write_text(page, encoding="utf-8")
    return told


def _drifts(whole: Run, cases: Sequence[Case]) -> dict[str, Drift]:
    """How far the last model gets in the world of the first held-out call."""
    scene, how = cases[0].scene, whole.recipe.bench
    if scene is None or not how.drift:
        return {}
    playing = whole.recipe.source.data(whole.traces).play
    return {STAGES[-1]: drifted(whole.stage(STAGES[-1]), scene.world, how, playing, whole.recipe.cpt)}


def _curves(whole: Run) -> dict[str, list[float]]:
    """Losses and rewards of every stage, step by step."""
    curves: dict[str, list[float]] = {}
    for name in STAGES:
        metrics = whole.stage(name).metrics or {}
        for key, what in (("losses", "loss"), ("rewards", "reward")):
            if metrics.get(key):
                curves[f"{name} {what}"] = metrics[key]
    return curves


def _manifest(whole: Run, data: dict[str, Any], measured: dict[str, Any]) -> dict[str, Any]:
    recipe = whole.recipe
    return {
        "recipe": {
            "name": recipe.name,
            "about": recipe.about,
            "seed": recipe.seed,
            "model": recipe.model if isinstance(recipe.model, str) else asdict(recipe.model),
            **{name: getattr(recipe, name).told() for name in STAGES},
            "thinking": asdict(recipe.thinking),
            "learning": asdict(recipe.learning),
            "bench": asdict(recipe.bench),
        },
        "data": data,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "stages": {name: whole.stage(name).metrics for name in STAGES},
        "bench": measured,
    }


def unfinished(folder: Path) -> str:
    """Where a run stands, in words: the stage and its last checkpoint."""
    for name in STAGES:
        stage = Stage(name, folder / name)
        if stage.metrics is None:
            kept = checkpoints(stage.folder)
            return f"{name}, {kept[-1].name}" if kept else name
    return "bench"
