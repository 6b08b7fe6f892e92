"""Services that keep lists of objects, learned from calls alone: a stable, whose horses run in pairs."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

from mcp_sim.bench import Bench
from mcp_sim.learn.batches import learn_batches
from mcp_sim.learn.given import Given
from mcp_sim.learn.twin import learn
from schemas.recorded import Kind, RecordedCall
from schemas.types import Pack, World

KINDS: dict[str, Kind] = {
    "stall": "write",
    "pair": "write",
    "teach": "write",
    "sell": "write",
    "show": "read",
    "seek": "read",
}


class Stable:
    """The service: horses by name, in the order in which they came; the latest of two equal names is turned away."""

    def __init__(self) -> None:
        self.horses: list[dict[str, Any]] = []
        self.pairs: list[dict[str, Any]] = []

    def answer(self, tool: str, given: dict[str, Any]) -> tuple[Any, str, bool]:
        """(structured answer, text, whether it is an error)."""
        match tool:
            case "stall":
                known = [horse["name"] for horse in self.horses]
                new = [dict(horse) for horse in given["horses"] if horse["name"] not in known]
                self.horses += new
                return {"stalled": new}, json.dumps(new), False
            case "pair":
                self.pairs += given["pairs"]
                return None, "Paired.", False
            case "teach":
                for lesson in given["lessons"]:
                    horse = next((one for one in self.horses if one["name"] == lesson["horse"]), None)
                    if horse is None:
                        return None, f"{lesson['horse']} is not in the stable", True
                for lesson in given["lessons"]:
                    horse = next(one for one in self.horses if one["name"] == lesson["horse"])
                    horse["gaits"] = [*horse["gaits"], *lesson["gaits"]]
                return None, "Taught.", False
            case "sell":
                self.horses = [horse for horse in self.horses if horse["name"] not in given["names"]]
                self.pairs = [pair for pair in self.pairs if pair["left"] not in given["names"]]
                return None, "Sold.", False
            case "seek":
                found = [horse for horse in self.horses if given["word"].lower() in horse["name"].lower()]
                return {"horses": [dict(horse) for horse in found]}, json.dumps(found), False
        shown = {"horses": [dict(horse) for horse in self.horses], "pairs": list(self.pairs)}
        return shown, json.dumps(shown), False


def session(seed: int, names: str, gaits: str, count: int = 120) -> list[RecordedCall]:
    """One session with the service, with these words."""
    chance, stable = random.Random(seed), Stable()

    def name() -> str:
        return chance.choice(names.split())

    calls = []
    for index in range(count):
        tool = chance.choice([*KINDS, "stall", "show", "show"])
        some = range(chance.randint(1, 2))
        given: dict[str, Any] = {
            "stall": {"horses": [{"name": name(), "year": chance.randint(2000, 2020), "gaits": []} for _ in some]},
            "pair": {"pairs": [{"left": name(), "right": name()} for _ in some]},
            "teach": {"lessons": [{"horse": name(), "gaits": chance.sample(gaits.split(), 1)} for _ in some]},
            "sell": {"names": [name()]},
            "seek": {"word": name()[1:3]},
            "show": {},
        }[tool]
        given = json.loads(json.dumps(given))
        structured, text, is_error = stable.answer(tool, given)
        structured = json.loads(json.dumps(structured))
        calls.append(
            RecordedCall(f"s{seed}", index, tool, given, text, is_error, structured=structured, kind=KINDS[tool])
        )
    return calls


FIRST = session(1, "Bella Comet Duke Ella Fury", "walk trot canter", 160)
OTHER = session(2, "Żubr Öxi O'Malley {x}", 'tölt "piaffe" pace')


def test_what_was_learned_of_one_session_predicts_another_with_other_words_exactly() -> None:
    learned = learn("stable", Given(calls=FIRST))
    world = World(name="stable", packs=(Pack.model_validate(learned.pack),))
    result = asyncio.run(Bench(world, OTHER).run())
    assert result.closed_loop.total.share("exact") == 1.0, [
        (family.tool, family.what) for family in result.closed_loop.lost.worst(3)
    ]


def test_how_sure_a_tool_is_comes_from_held_out_calls_and_what_answers_by_chance_is_not_known() -> None:
    chance = random.Random(3)
    noise = [
        RecordedCall("s1", 1000 + n, "roll", {"sides": 6}, str(chance.random()), False, kind="read") for n in range(20)
    ]
    found = learn_batches([*FIRST, *noise])
    assert found.effects.keys() == KINDS.keys()
    for tool, (right, of) in found.explained.items():
        assert right == of, tool
        assert 0.3 < found.effects[tool]["confidence"] < 1.0


def test_a_service_that_lists_nothing_has_no_collections() -> None:
    assert learn_batches([call for call in FIRST if call.tool == "pair"]).effects == {}
