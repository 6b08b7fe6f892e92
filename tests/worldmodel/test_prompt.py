"""The prompt: its bytes, its parts, what it leaves out, and its form, which is that of AgentWorld."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.worldmodel.prompt import Prompt, Renderer
from schemas.types import Call, World
from store.db import Database
from store.traces.replay import read_trace, view
from tests.worldmodel.almanac import almanac
from tests.worldmodel.asking import Asking
from tests.worldmodel.conftest import Ask, Serve

GOLDEN = Path(__file__).parents[1] / "golden"
DEMONSTRATIONS = [
    {
        "tool": "describe_star",
        "arguments": {"id": "ST-009"},
        "observation": {"id": "ST-009", "words": "Faint, and far."},
    },
    {"tool": "describe_star", "arguments": {"id": "x"}, "observation": "no such star", "is_error": True},
    {"tool": "tell", "arguments": {"of": "owls"}, "observation": "Owls see the stars first."},
]


def rendered(asking: Asking, tool: str, **arguments: Any) -> Prompt:
    world = asking.session.world
    return Renderer(world.tools[tool], world).render(Call(tool, arguments), asking.session.view())


def last(prompt: Prompt) -> str:
    return prompt.messages[-1]["content"]


@pytest.fixture
def asking(serve: Serve, ask: Ask) -> Asking:
    return ask(serve('{"ids": ["ST-002"], "why": "It is high."}'), world=almanac(demonstrations=DEMONSTRATIONS))


def test_the_bytes_of_a_prompt_have_not_moved(asking: Asking, tmp_path: Path) -> None:
    """Models are trained on them: a change makes a new template."""
    asking.done("rename_star", id="ST-003", name="Corvina")
    asking.done("suggest_stars", mood="calm")
    asking.ask("get_star", id="ST-404")
    asked = [
        rendered(asking, "describe_star", id="ST-003"),
        rendered(asking, "discover_star", part="north"),
        rendered(asking, "tell", of="owls"),
    ]
    found = json.dumps([{"messages": prompt.messages, "schema": prompt.schema} for prompt in asked], indent=1) + "\n"
    (tmp_path / "prompts.v1.json").write_text(found)
    meant = f"if that was meant: cp {tmp_path}/prompts.v1.json {GOLDEN}/prompts.v1.json"
    assert found == (GOLDEN / "prompts.v1.json").read_text(), meant


def test_a_trace_gives_the_prompt_that_the_server_sent(serve: Serve, ask: Ask) -> None:
    server = serve('{"ids": ["ST-002"], "why": "It is high."}')
    asking = ask(server)
    asking.done("rename_star", id="ST-003", name="Corvina")
    asking.done("suggest_stars", mood="calm")
    asking.done("delete_star", id="ST-001")
    asking.done("suggest_stars", mood="bold")
    trace = read_trace(asking.trace().splitlines(keepends=True))
    renderer = Renderer(trace.world.tools["suggest_stars"], trace.world)
    for request, n in zip(server.requests, (1, 3), strict=True):
        prompt = renderer.render(trace.steps[n].call, view(trace, at=n))
        assert list(prompt.messages) == request["messages"]


def test_the_called_tool_is_shown_in_full_and_the_others_in_brief(asking: Asking) -> None:
    system = rendered(asking, "suggest_stars").messages[0]["content"]
    assert '"name":"suggest_stars"' in system
    assert '"output_schema":{"type":"object"' in system
    assert "- describe_star: A star in words." in system
    assert system.count("input_schema") == 1


def stars(text: str) -> list[str]:
    return re.findall(r'^star {"id":"(ST-\d+)"', text, re.MULTILINE)


def test_rows_that_a_call_names_come_first_then_their_neighbours(asking: Asking) -> None:
    assert stars(last(rendered(asking, "tell", of="ST-002 and another"))) == ["ST-002", "ST-001"]


def test_rows_that_any_answer_may_name_stand_before_the_turns_and_are_not_told_twice(asking: Asking) -> None:
    asking.done("rename_star", id="ST-001", name="Aura")
    system, *_, asked = rendered(asking, "describe_star", id="ST-002").messages
    assert stars(system["content"]) == ["ST-001", "ST-002", "ST-003"]
    assert '"name":"Aura"' in system["content"]
    assert stars(asked["content"]) == ["ST-002"]


def test_the_beginning_stays_whatever_a_call_names_and_however_much_was_answered_before(serve: Serve, ask: Ask) -> None:
    asking = ask(serve("A long tale of owls. " * 60))
    before = rendered(asking, "describe_star", id="ST-002").messages[0]
    for _ in range(8):
        asking.done("tell")
    assert rendered(asking, "describe_star", id="ST-003").messages[0] == before


def test_a_row_is_shown_as_it_is_now(asking: Asking) -> None:
    asking.done("rename_star", id="ST-002", name="Brava")
    text = last(rendered(asking, "describe_star", id="ST-002"))
    assert '"name":"Brava"' in text
    assert '"name":"Brisa"' not in text


def test_calls_that_are_like_it_are_shown_its_own_earlier_ones_first(asking: Asking) -> None:
    asking.done("suggest_stars", mood="calm")
    for _ in range(9):
        asking.done("get_star", id="ST-001")
    text = last(rendered(asking, "suggest_stars", mood="calm"))
    assert '{"mood":"calm"} -> {"ids":["ST-002"],"why":"It is high."}' in text
    text = last(rendered(asking, "describe_star", id="ST-001"))
    assert '{"id":"ST-009"} -> {"id":"ST-009","words":"Faint, and far."}' in text
    assert '{"id":"x"} -> {"error":"no such star"}' in text


def test_the_turns_begin_where_they_began_for_some_calls_so_that_the_prefix_stays(asking: Asking) -> None:
    begun = []
    for _ in range(16):
        prompt = rendered(asking, "suggest_stars")
        begun.append(prompt.messages[1]["content"] if len(prompt.messages) > 2 else "")
        asking.done("get_star", id="ST-001")
    assert len(set(begun[1:])) <= 4
    assert all(len(rendered(asking, "suggest_stars").messages) <= 2 + 2 * 7 for _ in range(2))


def test_a_small_budget_keeps_what_matters_most_and_says_what_it_left_out(asking: Asking) -> None:
    for _ in range(8):
        asking.done("get_star", id="ST-001")
    world = asking.session.world
    call, seen = Call("describe_star", {"id": "ST-002"}), asking.session.view()
    whole = Renderer(world.tools["describe_star"], world, prompt_tokens=6000).render(call, seen)
    small = Renderer(world.tools["describe_star"], world, prompt_tokens=1100).render(call, seen)
    assert whole.left_out == ()
    assert small.left_out
    assert all(re.fullmatch(r"the prompt left out \d+ [a-z ]+", note) for note in small.left_out)
    assert '"name":"describe_star"' in small.messages[0]["content"]
    assert '{"id":"ST-002","name":"Brisa"' in last(small)
    length = sum(len(message["content"]) for message in small.messages)
    assert length < sum(len(message["content"]) for message in whole.messages)


def test_an_overlong_budget_still_asks_the_question() -> None:
    database = Database("sqlite://")
    with Asking(database, None) as asking:
        world = asking.session.world
        prompt = Renderer(world.tools["tell"], world).render(Call("tell", {"of": "x" * 300_000}), asking.session.view())
    assert prompt.messages[-1]["content"].endswith("```")
    database.close()


def test_what_the_model_may_answer_names_only_what_it_was_shown(asking: Asking) -> None:
    schema = rendered(asking, "suggest_stars").schema
    assert schema is not None
    ids = schema["anyOf"][0]["properties"]["ids"]["items"]
    assert ids == {"enum": ["ST-001", "ST-002", "ST-003"]}
    schema = rendered(asking, "describe_star", id="ST-002").schema
    assert schema is not None
    assert schema["anyOf"][0]["properties"]["id"] == {"enum": ["ST-002"]}


# The form of AgentWorldBench: a row is one turn to predict, with the turns before it.

_USER = re.compile(r"### Turn (\d+)\s+\*\*Action:\*\*\s+```json\n(.+)\n```")
_ASSISTANT = re.compile(r"\*\*Environment Observation:\*\*\s+(.+)", re.DOTALL)


def bench_row(world: World, turns: list[tuple[str, dict[str, Any], str]]) -> dict[str, Any]:
    """A row as the benchmark has them, written by ourselves."""
    asked = [
        f"### Turn {number}\n\n**Action:**\n```json\n{json.dumps({'name': name, 'arguments': arguments})}\n```"
        for number, (name, arguments, _) in enumerate(turns, 1)
    ]
    told = [f"**Environment Observation:**\n{text}" for *_, text in turns]
    return {
        "task": "mcp",
        "id": "almanac-1",
        "system_str": f"You are the environment of {world.name}.",
        "prompt": asked[:-1],
        "response": told[:-1],
        "current_prompt": asked[-1],
        "turn_idx": len(turns),
        "total_turns": len(turns),
    }


def procedure(row: dict[str, Any]) -> list[dict[str, str]]:
    """The messages that the benchmark sends for a row."""
    messages = [{"role": "system", "content": row["system_str"]}]
    for asked, told in zip(row["prompt"], row["response"], strict=True):
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]
    return [*messages, {"role": "user", "content": row["current_prompt"]}]


def test_our_turns_have_the_form_of_the_benchmark(asking: Asking) -> None:
    asking.done("get_star", id="ST-001")
    asking.done("suggest_stars", mood="calm")
    asking.done("rename_star", id="ST-001", name="Aura")
    steps = asking.steps()
    ours = rendered(asking, "describe_star", id="ST-001").messages
    turns = [(step.call.tool, step.call.arguments, step.observation.text) for step in steps]
    theirs = procedure(bench_row(asking.session.world, [*turns, ("describe_star", {"id": "ST-001"}, "")]))
    assert [message["role"] for message in ours] == [message["role"] for message in theirs]
    for mine, other in zip(ours[1:-1], theirs[1:-1], strict=True):
        form = _USER if mine["role"] == "user" else _ASSISTANT
        found, expected = form.fullmatch(mine["content"]), form.fullmatch(other["content"])
        assert found is not None
        assert expected is not None
        assert [_plain(part) for part in found.groups()] == [_plain(part) for part in expected.groups()]
    mine, other = ours[-1], theirs[-1]
    action = mine["content"][mine["content"].rindex("### Turn") :]
    assert [_plain(part) for part in _USER.fullmatch(action).groups()] == [  # type: ignore[union-attr]
        _plain(part)
        for part in _USER.fullmatch(other["content"]).groups()  # type: ignore[union-attr]
    ]


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
