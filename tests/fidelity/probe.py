"""Hidden side effects, probed with generated calls: writes that answer little, then everything is asked for.

Recordings prove what they show. Here the service itself can be run, so that its hidden state is known after calls that
nobody recorded: the twin is asked the same, and both tell every row that the calls have touched.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mcp_sim.fidelity import same_text
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import Call
from store.db import Database
from tests.fidelity import ferry
from tests.fidelity.measure import run

WRITES = (1, 2, 4, 8)
CANDOUR = (0.0, 0.1, 0.5)


@dataclass
class Probe:
    """What became of the probes of one twin.

    Attributes:
        candour: how often the recorded client asked for the hidden rows after a write.
        right: by number of writes before: (rows told rightly, rows asked for).
        answers: the same of the answers to the writes themselves.
    """

    candour: float
    right: dict[int, tuple[int, int]] = field(default_factory=dict)
    answers: tuple[int, int] = (0, 0)


def probes(folder: Path, runs: int = 120, each: int = 40) -> Iterator[Probe]:
    """Twins learned from clients of different candour, each probed with calls that nobody recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "rows.json"
    data.write_text(json.dumps(ferry.rows()), encoding="utf-8")
    for candour in CANDOUR:
        traces, twin = folder / f"calls-{candour}.jsonl", folder / f"twin-{candour}"
        lines = ferry.recorded(runs, 12, candour)
        traces.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        run("learn", "--name", "ferry", "--out", str(twin), "--data", str(data), "--traces", str(traces))
        yield probe(twin, candour, each)


def probe(twin: Path, candour: float, each: int) -> Probe:
    """Probe one twin."""
    sessions = Sessions(Database("sqlite://"))
    start = sessions.create(load_world(twin)).id
    found = Probe(candour)
    for writes in WRITES:
        right = of = 0
        for n in range(each):
            session, line = sessions.branch(start), ferry.Line()
            dice = random.Random(10_000 * writes + n)
            touched: dict[str, ferry.Asked] = {}
            done = 0
            while done < writes:
                tool, arguments = ferry.asked(dice, ferry.WRITES)
                text, is_error = line.ask(tool, arguments)
                is_same = _says(session, tool, arguments, text, is_error)
                found.answers = found.answers[0] + is_same, found.answers[1] + 1
                done += not is_error
                for one in ferry.accounts(arguments):
                    touched[one] = "statement", {"member_id": one}
                if "ferry_id" in arguments:
                    touched[arguments["ferry_id"]] = "get_ferry", {"ferry_id": arguments["ferry_id"]}
            for tool, arguments in touched.values():
                right += _says(session, tool, arguments, *line.ask(tool, arguments))
                of += 1
            sessions.delete(session.id)
        found.right[writes] = right, of
    return found


def _says(session: Session, tool: str, arguments: ferry.Row, text: str, is_error: bool) -> bool:
    """Whether the twin answers a call like this."""
    answer = asyncio.run(session.call(Call(tool, arguments)))
    return answer.is_error == is_error and same_text(answer.text, text)
