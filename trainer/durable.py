"""Files that are there whole or not at all, so that whoever is killed, or finds the disk full, loses nothing."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import orjson

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
UNFINISHED = "unfinished"
"""The folder in which a checkpoint is written before it counts."""


def settle(unfinished: Path, name: Path) -> None:
    """Give a finished folder its name, once everything in it is on the disk."""
    for path in sorted(unfinished.rglob("*")):
        if path.is_file():
            _sync(path)
    for path in sorted((path for path in unfinished.rglob("*") if path.is_dir()), reverse=True):
        _sync(path)
    _sync(unfinished)
    spent = name.with_name(f"{name.name}.spent")
    shutil.rmtree(spent, ignore_errors=True)
    if name.exists():  # who is killed here has lost one of two, and never holds half of one
        name.rename(spent)
    unfinished.rename(name)
    shutil.rmtree(spent, ignore_errors=True)
    _sync(name.parent)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file: the old one stays until the new one is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync(path.parent)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a stage, the last one last."""
    found = [path for path in folder.glob("checkpoint-*") if _CHECKPOINT.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
