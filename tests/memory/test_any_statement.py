"""Whatever is sent, in any order: the memory stays whole and every session usable."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_sim.sessions import Sessions
from store.db import Database
from tests.memory.databases import Files, Server
from tests.memory.ground import Ground
from tests.memory.raw import REFUSED, connected
from tests.memory.statements import programs


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_program_of_statements_does_harm(place: Files | Server, data: st.DataObject) -> None:
    program = data.draw(programs(isinstance(place, Files)))
    with place.copy("built") as url, connected(url) as raw:
        for statement in program:
            with suppress(*REFUSED):
                raw.run(statement.sql, *statement.values)
        with suppress(*REFUSED):
            raw.run("ROLLBACK")
        with suppress(*REFUSED):
            raw.run("DELETE FROM opening")
        database = Database(url)
        assert Ground(url, Sessions(database), raw).harm() == []
        database.close()
