"""Harbor's own models, where `make test` has put them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

HARBOR = Path(__file__).parents[1] / ".venv-harbor"


def model(module: str, name: str) -> Any:
    """A model of Harbor; the test is skipped where there is no Harbor."""
    if str(HARBOR) not in sys.path:
        sys.path.append(str(HARBOR))
    return getattr(pytest.importorskip(module, reason="there is no Harbor here: `make test` installs its models"), name)
