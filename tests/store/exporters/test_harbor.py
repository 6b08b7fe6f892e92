"""Harbor judges the trajectories that are written for it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given

from schemas.recorded import RecordedRun
from store.traces.exporters import FORMATS
from tests.harbor import model
from tests.store.exporters.runs import runs


@pytest.fixture(scope="module")
def trajectory() -> Any:
    return model("harbor.models.trajectories", "Trajectory")


@given(run=runs())
def test_harbor_accepts_every_trajectory(trajectory: Any, run: RecordedRun) -> None:
    for document in FORMATS["atif"].lines(run):
        judged = trajectory.model_validate_json(orjson.dumps(document))

        assert judged.to_json_dict()["steps"] == document["steps"]
        assert judged.schema_version == "ATIF-v1.8"
