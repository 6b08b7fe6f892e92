"""`python -m schemas.wire` writes the schemas; `--check` only says whether they are up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from schemas.wire.generate import documents

FOLDER = Path(__file__).parent


def main() -> int:
    """Write or check every schema file; 1 when a checked one is out of date."""
    stale = []
    for name, text in documents().items():
        path = FOLDER / name
        if path.is_file() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text)
    for name in stale:
        sys.stdout.write(f"{name} {'is out of date: run `make docs`' if '--check' in sys.argv else 'written'}\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
