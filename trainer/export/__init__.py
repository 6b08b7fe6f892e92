"""Training records as data sets in the formats that other trainers read."""

from __future__ import annotations

from trainer.export.formats import FORMATS
from trainer.export.write import Written, write

__all__ = ["FORMATS", "Written", "write"]
