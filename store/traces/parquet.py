"""A data set as Hugging Face's `datasets` reads it: parquet files and a card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from store.errors import StoreError

ROWS = 20_000
"""Rows of one file."""
_AT_ONCE = 200


class NotParquet(ValueError):
    """A file that is no parquet file, or not a whole one."""


def write_parquet(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], folder: Path) -> list[Path]:
    """Write rows as `data/train-00000.parquet`, `-00001` ... of a folder.

    Args:
        rows: values by column.
        columns: the kind of each: `text`, `texts`, `number`, `flags`, `json` or `jsons`. JSON stays as it is: declared
            so, objects of different shapes do not get each other's fields.
        folder: where the files are written.

    Raises:
        StoreError: `datasets` is not installed.
    """
    features = _features(columns)
    from datasets.arrow_writer import ParquetWriter  # noqa: PLC0415  # half a second, and not installed everywhere

    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    unfinished: list[Path] = []
    writer: Any = None
    left = 0
    try:
        for row in rows:
            if left == 0:
                _finish(writer)
                unfinished.append(data / f".train-{len(unfinished):05}.part")
                writer = ParquetWriter(features=features, path=str(unfinished[-1]), writer_batch_size=_AT_ONCE)
                left = ROWS
            writer.write({name: _value(row[name], kind) for name, kind in columns.items()})
            left -= 1
        _finish(writer)
        for old in data.glob("train-*.parquet"):
            old.unlink()
        return [part.replace(data / f"{part.stem[1:]}.parquet") for part in unfinished]
    finally:
        for part in unfinished:
            part.unlink(missing_ok=True)


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file, JSON as what it is.

    Raises:
        NotParquet: the file is damaged, or not one.
        StoreError: `pyarrow` is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # not installed everywhere
        import pyarrow.parquet as pq  # noqa: PLC0415  # as well
    except ModuleNotFoundError as error:
        raise _missing(error) from None

    try:
        with pq.ParquetFile(path) as file:
            kinds = {field.name: _is_json(field.type) for field in file.schema_arrow}
            for batch in file.iter_batches(batch_size=_AT_ONCE):
                for row in batch.to_pylist():
                    yield {name: _parsed(value) if kinds[name] else value for name, value in row.items()}
    except pa.ArrowInvalid as error:
        raise NotParquet(str(error)) from None


def _is_json(kind: Any) -> bool:
    inner = getattr(kind, "value_type", kind)
    return "json" in str(inner)


def _parsed(value: Any) -> Any:
    if isinstance(value, list):
        return [_parsed(one) for one in value]
    return None if value is None else orjson.loads(value)


def _value(value: Any, kind: str) -> Any:
    if kind == "json":
        return orjson.dumps(value).decode()
    if kind == "jsons":
        return [orjson.dumps(one).decode() for one in value]
    return value


def _features(columns: Mapping[str, str]) -> Any:
    try:
        from datasets import Features, Json, List, Value  # noqa: PLC0415  # two seconds, and not installed everywhere
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    kinds = {
        "text": Value("string"),
        "texts": List(Value("string")),
        "number": Value("int64"),
        "flags": List(Value("bool")),
        "json": Json(),
        "jsons": List(Json()),
    }
    return Features({name: kinds[kind] for name, kind in columns.items()})


def _finish(writer: Any) -> None:
    if writer is not None:
        writer.finalize()


def _missing(error: ModuleNotFoundError) -> StoreError:
    return StoreError(f"parquet wants '{error.name}', which is not installed: pip install 'mcp-sim[train]'")
