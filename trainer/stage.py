"""One stage as a folder: its settings, its checkpoints while it runs, then its model and its metrics."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from safetensors import SafetensorError

from trainer import checkpoint
from trainer.durable import checkpoints, settle, write_json
from trainer.errors import TrainingError
from trainer.ranks import first_alone

SETTINGS, METRICS, MODEL = "settings.json", "metrics.json", "model"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage in its folder."""

    name: str
    folder: Path

    @property
    def model(self) -> Path:
        """Where its model is, once it is done."""
        return self.folder / MODEL

    @property
    def metrics(self) -> dict[str, Any] | None:
        """What it came to; None until it is done."""
        file = self.folder / METRICS
        found: dict[str, Any] | None = orjson.loads(file.read_bytes()) if file.is_file() else None
        return found

    def begin(self, settings: dict[str, Any]) -> bool:
        """Open the folder for these settings; False if the stage is done already.

        Raises:
            TrainingError: it was begun with other settings.
        """
        with first_alone():
            self._keep(settings)
        return self.metrics is None

    def _keep(self, settings: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / SETTINGS
        if file.is_file():
            begun = orjson.loads(file.read_bytes())
            settings = orjson.loads(orjson.dumps(settings))
            if begun != settings:
                name = next(key for key in (*begun, *settings) if begun.get(key) != settings.get(key))
                raise TrainingError(
                    f"{self.folder} was begun with {name} = {_short(begun.get(name))}, "
                    f"not {_short(settings.get(name))}: name another folder, or delete this one"
                )
        else:
            write_json(file, settings)

    def finish(self, model: Any, tokenizer: Any, metrics: dict[str, Any], weights: Any = None) -> dict[str, Any]:
        """Keep the model and what it came to, and let go of the checkpoints; `weights` are those of a split model.

        Raises:
            TrainingError: the disk has no room for it.
        """
        unfinished = self.folder / "model.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            merged = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
            checkpoint.save(merged, tokenizer, unfinished, weights)
            settle(unfinished, self.model)
            metrics = {**metrics, "weights": checkpoint.weights_hash(self.model)}
            write_json(self.folder / METRICS, metrics)
        except (OSError, SafetensorError) as error:
            raise TrainingError(f"the model of {self.name} could not be saved in {self.folder}: {error}") from None
        for spent in checkpoints(self.folder):
            shutil.rmtree(spent)
        return metrics


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else f"{text[:59]}…"
