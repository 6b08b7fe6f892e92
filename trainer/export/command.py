"""`python -m trainer export`: training records in the formats that other trainers read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mcp_sim.cli.output import notices, tell_losses
from mcp_sim.errors import SetupError
from trainer.export.formats import FORMATS
from trainer.export.write import Written, write
from trainer.record import read_records

To = StrEnum("To", {name: name for name in FORMATS})  # type: ignore[misc]  # mypy wants the names spelled out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    records: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Training records, packed or not.")],
    to: Annotated[To, typer.Option(help="The format.")],
    out: Annotated[Path, typer.Option(help="The file to write; for `hf` a folder.")],
) -> None:
    """Write training records for another trainer, and tell what the format cannot hold."""
    if out.resolve() in {path.resolve() for path in records}:
        raise SetupError(f"{out} is read and cannot be written at the same time; name another file with --out")
    try:
        written = write((record for path in records for record in read_records(path)), to.value, out)
    except OSError as error:
        raise SetupError(f"{error.filename or out}: {error.strerror or error}") from None
    _tell(written, out, to.value)


def _tell(written: Written, out: Path, name: str) -> None:
    notices.out(f"{written.records} records in {out}", highlight=False)
    tell_losses(written.losses, name)
