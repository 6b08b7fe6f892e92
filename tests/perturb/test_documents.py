"""docs/perturbations.md is true: every kind, condition and profile is in it, and its example loads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import yaml

from schemas.load import load_world
from schemas.perturbations import KINDS, Perturbation, Where
from schemas.profiles import profile, profiles

DOCUMENT = (Path(__file__).parents[2] / "docs" / "perturbations.md").read_text()


def cells(column: int) -> list[list[str]]:
    rows = [line.strip("| ").split(" | ") for line in DOCUMENT.splitlines() if line.startswith("| ")]
    return [re.findall(r"`([^`]+)`", row[column]) for row in rows if len(row) > column]


def test_every_kind_is_told_with_its_parameters() -> None:
    told = {name for names in cells(0) for name in names}
    assert set(KINDS) <= told
    for line in DOCUMENT.splitlines():
        found = re.match(r"\| `(\w+)` \| (.*?) \| ", line)
        if found and found[1] in KINDS and "after_commit" not in line and "instead_of: error" not in line:
            (kind, _) = get_args(Perturbation.model_fields[found[1]].annotation)
            fields = {field.alias or name for name, field in kind.model_fields.items()}
            assert fields - {"after_commit"} <= set(re.findall(r"`([a-z_]+)`", found[2])), found[1]


def test_every_condition_is_told() -> None:
    assert {field.alias or name for name, field in Where.model_fields.items()} <= {
        n for names in cells(0) for n in names
    }


def test_every_profile_is_told_in_its_own_words() -> None:
    for name in profiles():
        assert f"| `{name}` | {profile(name).about} |" in DOCUMENT


def test_the_example_is_a_world(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    path = tmp_path / "my-world.yaml"
    path.write_text(yaml.safe_dump({"name": "my-world", **yaml.safe_load(example)}))
    assert [one.name for one in load_world(path).perturbations][:3] == ["lost receipts", "rate-limit", "drift"]
