"""Contract files: every error at its line, with the nearest valid name; clauses that cannot hold or decide are told."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.contracts import load_contract
from schemas.load import LoadError, Problem, load_world
from tests.running import HARBOUR

KEPT = lru_cache(maxsize=8)(load_world)


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world of most of these contracts is the same; reading it takes longer than all else."""
    monkeypatch.setattr("schemas.contracts.load.load_world", KEPT)


HEAD = {"name": "moor-a-ship", "world": str(HARBOUR / "pack.yaml")}


def written(folder: Path, *clauses: Any, **parts: Any) -> Path:
    """A contract file of the harbour."""
    path = folder / "contract.yaml"
    given = {**HEAD, "clauses": list(clauses), **parts}
    path.write_text(yaml.safe_dump({name: part for name, part in given.items() if part is not None}, sort_keys=False))
    return path


def problems(path: Path) -> list[str]:
    """`pointer: message` of everything that is wrong with a file, without its path."""
    with pytest.raises(LoadError) as caught:
        load_contract(path)
    return [
        f"{found.pointer}: {found.message}" if isinstance(found, Problem) else found.replace(f"{path.parent}/", "")
        for found in caught.value.problems
    ]


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_contract_is_read_from_yaml_or_json(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"contract{suffix}"
    path.write_text(json.dumps({**HEAD, "clauses": [{"existence": "moor_ship"}]}))
    contract = load_contract(path)
    assert (contract.name, contract.world.name, [clause.verb for clause in contract.clauses]) == (
        "moor-a-ship", "harbour", ["existence"]
    )  # fmt: skip


def test_a_world_stands_beside_its_contract(tmp_path: Path) -> None:
    (tmp_path / "port").symlink_to(HARBOUR)
    assert load_contract(written(tmp_path, {"existence": "moor_ship"}, world="port")).world.name == "harbour"


def test_every_error_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    text = f"name: x\nworld: {HEAD['world']}\nclauses:\n  - existence: mor_ship\n  - row: shp\n    key: S-001\n  - any_of:\n      - absence: get_ship\n        m: 2\n"
    path.write_text(text)
    with pytest.raises(LoadError) as caught:
        load_contract(path)
    assert str(caught.value).replace(f"{tmp_path}/", "").splitlines() == [
        "contract.yaml:4: /clauses/0/existence: no tool 'mor_ship' (did you mean 'moor_ship'?)",
        "contract.yaml:5: /clauses/1/row: no entity 'shp' (did you mean 'ship'?)",
        "contract.yaml:9: /clauses/2/any_of/0/m: 'm' is not a field here",
    ]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"name": "A Ship"}, "/name: String should match pattern"),
        ({"name": None}, "/name: 'name' is required"),
        ({"world": None}, "/world: name a world: helpdesk, mars-colony, shop, or a file or folder beside the contract"),
        ({"world": "hopp"}, "/world: no world 'hopp' (did you mean 'shop'?) in "),
        ({"world": 5}, "/world: name a world"),
        ({"clauses": []}, "/clauses: must have at least 1 entry"),
        ({"clauses": "no"}, "/clauses: must be a list"),
        ({"instructions": "x"}, "/instructions: 'instructions' is not a field here (did you mean 'instruction'?)"),
    ],
)
def test_a_head_that_is_wrong_is_told(tmp_path: Path, parts: dict[str, Any], told: str) -> None:
    assert any(found.startswith(told) for found in problems(written(tmp_path, {"existence": "moor_ship"}, **parts)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a\n", "contract.yaml:1: a contract is a mapping with `name`, `world`, `instruction` and `clauses`"),
        ("name: [\n", "contract.yaml:2: not valid YAML: "),
        ("name: a\nname: b\n", "contract.yaml:2: 'name' stands twice"),
    ],
)
def test_a_file_that_is_no_contract_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(text)
    assert problems(path)[0].startswith(told)


@pytest.mark.parametrize("name", ["", "nowhere.yaml", "shop/refund", "x" * 5000])
def test_a_contract_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(LoadError, match=r"no contract '.*give a file, or one of helpdesk/assign-the-cold-floors, "):
        load_contract(name)


def test_errors_of_the_world_are_told_with_those_of_the_contract(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text("name: x\ntools: {t: {outptu: {}}}\n")
    found = problems(written(tmp_path, {"exist": "t"}, world="pack.yaml"))
    assert [one.split(":")[0] for one in found] == ["/clauses/0", "/tools/t/outptu"]


@pytest.mark.parametrize(
    ("clause", "told"),
    [
        ({"exist": "moor_ship"}, "(did you mean 'existence'?)"),
        ("moor_ship", "/clauses/0: a clause needs one of the verbs row, unchanged, absent, "),
        ({"existence": "moor_ship", "row": "ship"}, "/clauses/0/existence: 'existence' is not a field here"),
        ({"response": ["moor_ship"]}, "/clauses/0/response: give two patterns of calls, [a, b]"),
        (
            {"response": ["moor_ship", {"tol": "x"}]},
            "/clauses/0/response/1/tol: 'tol' is not a field here (did you mean 'tool'?)",
        ),
        ({"existence": 5}, "/clauses/0/existence: must be a mapping"),
        ({"existence": "moor_ship", "n": 0}, "/clauses/0/n: Input should be greater than or equal to 1"),
        (
            {"existence": "moor_ship", "severity": "mst"},
            "/clauses/0/severity: Input should be 'must' or 'should' (did you mean 'must'?)",
        ),
        ({"existence": "mor_*"}, "/clauses/0/existence: no tool fits 'mor_*'"),
        (
            {"response": ["moor_ship", ["get_ship", "gt_ship"]]},
            "/clauses/0/response/1: no tool 'gt_ship' (did you mean 'get_ship'?)",
        ),
        (
            {"existence": {"tool": "moor_ship", "args": {"dok_id": "D-01"}}},
            "/clauses/0/existence/args/dok_id: 'dok_id' is not an argument (did you mean 'dock_id'?); arguments: dock_id, id",
        ),
        (
            {"existence": {"tool": "list_ships", "args": {"sort": "nme"}}},
            '/clauses/0/existence/args/sort: no call with this is ever accepted: must be one of "name"',
        ),
        (
            {"existence": {"tool": "get_ship", "where": "args.id =="}},
            "/clauses/0/existence/where: `args.id ==` is not an expression",
        ),
        (
            {"existence": {"tool": "get_ship", "where": "arg.id"}},
            "`arg.id`: no name 'arg' here (did you mean 'args'?); there is args,",
        ),
        (
            {"existence": {"tool": "get_ship", "where": "args.idd"}},
            "`args.idd`: no argument 'idd' (did you mean 'id'?)",
        ),
        (
            {"existence": {"tool": "get_ship", "where": "observation.nam"}},
            "`observation.nam`: no answer has a 'nam' (did you mean 'name'?)",
        ),
        ({"existence": {"tool": "get_ship", "where": "lenn(text) > 1"}}, "no function 'lenn' (did you mean 'len'?)"),
        ({"existence": {"tool": "get_ship", "where": "1 == 2"}}, "`1 == 2` says the same of every call"),
        (
            {"existence": {"tool": "get_ship", "where": 'count("ship") > n'}},
            "count() reads rows, which a condition over calls does not see",
        ),
        (
            {"existence": {"tool": "get_ship", "where": 'random_int("x", 1, 2) > n'}},
            "a verdict leaves nothing to chance",
        ),
        (
            {"response": ["get_ship", "moor_ship"], "match": "a.args.id == 5"},
            "speaks of a alone; put it into `where` of that pattern",
        ),
        ({"response": ["get_ship", "moor_ship"], "match": "1 < 2"}, "`1 < 2` says the same of every two calls"),
        (
            {"response": ["get_ship", "moor_ship"], "match": "a.args.id == b.args.dck_id"},
            "no argument 'dck_id' (did you mean 'dock_id'?)",
        ),
        (
            {"response": ["get_ship", "moor_ship"], "match": "a.arg.id == b.args.id"},
            "a call has no 'arg' (did you mean 'args'?)",
        ),
        (
            {"response": ["get_ship", "moor_ship"], "match": "a.observation.nme == b.args.id"},
            "no answer has a 'nme' (did you mean 'name'?)",
        ),
        ({"row": "ship"}, "/clauses/0: say which row: by `key`, `match`, `fields` or `where`"),
        (
            {"row": "ship", "match": {"nam": "x"}},
            "/clauses/0/match/nam: 'nam' is not a field (did you mean 'name'?); fields: id, ",
        ),
        (
            {"row": "ship", "match": {"tonnes": "many"}},
            "/clauses/0/match/tonnes: 'tonnes' never holds this: must be of type integer",
        ),
        (
            {"row": "ship", "key": "S-001", "fields": {"tonnes": -1}},
            "/clauses/0/fields/tonnes: 'tonnes' never holds this",
        ),
        (
            {"row": "ship", "key": "S-001", "fields": {"cargo.crate": 1}},
            "'cargo.crate' is a path; say `where: row.cargo.crate == ...`",
        ),
        (
            {"row": "ship", "where": "row.nam == 1"},
            "/clauses/0/where: `row.nam == 1`: no field 'nam' (did you mean 'name'?)",
        ),
        ({"row": "ship", "where": "True"}, "/clauses/0/where: `True` depends on no row"),
        ({"row": "crate", "key": "one"}, "/clauses/0/key/number: 'number' never holds this"),
        (
            {"unchanged": "ship", "key": "S-007"},
            "/clauses/0/key: there is no ship 'S-007' at the start (did you mean 'S-00",
        ),
        ({"unchanged": "ship", "fields": ["nam"]}, "/clauses/0/fields/0: 'nam' is not a field (did you mean 'name'?)"),
        ({"count": "ship"}, "/clauses/0: a count says `is`, `at_least` or `at_most`"),
        ({"count": "ship", "is": 1, "at_most": 3}, "/clauses/0: a count says either `is`, or `at_least` and `at_most`"),
        ({"count": "ship", "at_least": 4, "at_most": 3}, "/clauses/0/at_least: never both at least 4 and at most 3"),
        ({"count": "ship", "at_least": 0}, "this can never be broken: every count is at least 0"),
        ({"count": "ship", "is": -1}, "/clauses/0/is: Input should be greater than or equal to 0"),
        (
            {"state": 'count("shp") == 1'},
            "/clauses/0/state: `count(\"shp\") == 1`: no entity 'shp' (did you mean 'ship'?)",
        ),
        ({"state": 'count("ship", yrd="x") == 1'}, "no field 'yrd' (did you mean 'yard'?)"),
        ({"state": "1 < 2"}, "/clauses/0/state: `1 < 2` depends on no row"),
        ({"state": "answer == 1"}, "no name 'answer' here"),
        ({"answer": 'count("ship") == 3'}, "does not speak of `answer`; take `state`"),
        ({"may": "ship"}, "/clauses/0: this decides nothing: no clause says `nothing_else: true`"),
        ({"any_of": [{"may": "ship"}]}, "/clauses/0/any_of/0: `may` decides nothing here"),
        (
            {"any_of": [{"existence": "get_ship", "severity": "must"}]},
            "/clauses/0/any_of/0/severity: a part of a clause has no severity",
        ),
        ({"any_of": []}, "/clauses/0/any_of: must have at least 1 entry"),
        ({"not": {"existence": "gt_ship"}}, "/clauses/0/not/existence: no tool 'gt_ship' (did you mean 'get_ship'?)"),
        ({"nothing_else": False}, "/clauses/0/nothing_else: Input should be True"),
        (
            {"known_ids": "list_ships", "allow": ["stael"]},
            "Input should be 'stale', 'unshown', 'other' or 'invented' (did you mean 'stale'?)",
        ),
        ({"checks_before_repeating": "get_ship"}, "this can never be broken: get_ship may be repeated without harm"),
        ({"pages_to_the_end": "get_ship"}, "'get_ship' does not answer page by page, as far as its schemas tell"),
        (
            {"pages_to_the_end": "list_ships", "match": "a.n < b.n"},
            "/clauses/0/match: `match` needs `before`, whose calls are b",
        ),
        (
            {"pages_to_the_end": "list_ships", "until": "args.lmit > 1"},
            "/clauses/0/until: `args.lmit > 1`: no argument 'lmit' (did you mean 'limit'?)",
        ),
        ({"budget": {}}, "/clauses/0/budget: a budget limits something: calls, errors"),
        ({"budget": {"cals": 1}}, "/clauses/0/budget/cals: 'cals' is not a field here (did you mean 'calls'?)"),
        ({"python": "nothing"}, "/clauses/0/python: 'nothing' names no function: write module:function"),
        ({"python": "no.module:f"}, "/clauses/0/python: no module 'no' on the Python path"),
        ({"python": "json:dmps"}, "/clauses/0/python: module 'json' has no function 'dmps' (did you mean 'dumps'?)"),
        (
            {"python": "tests.contracts.test_groups:lonely", "with": {"tol": "b"}},
            "cannot be called with (trace, run, tol): ",
        ),
    ],
)
def test_a_clause_that_is_wrong_is_told_with_the_nearest_name(tmp_path: Path, clause: Any, told: str) -> None:
    (found,) = problems(written(tmp_path, clause))[:1]
    assert told in found


def test_the_fields_of_an_open_answer_are_not_judged(tmp_path: Path) -> None:
    clause = {"existence": {"tool": "list_ships", "where": "observation.anything"}}
    assert load_contract(written(tmp_path, clause))


def test_ids_can_only_be_judged_where_there_are_some(tmp_path: Path) -> None:
    tools = {"t": {"input": {"type": "object"}, "output": {"type": "object"}}}
    (tmp_path / "pack.yaml").write_text(json.dumps({"name": "x", "tools": tools}))
    (found,) = problems(written(tmp_path, {"known_ids": "*"}, world="pack.yaml"))
    assert found == "/clauses/0/known_ids: this can never be broken: no argument of any tool is marked as an id"


SHIP = {"row": "ship", "key": "S-001", "fields": {"tonnes": 5}}


@pytest.mark.parametrize(
    ("clauses", "at", "told"),
    [
        (
            [{"existence": "get_ship", "n": 2}, {"absence": "get_ship", "n": 2}],
            1,
            "'absence(get_ship, 2)' contradicts 'existence(get_ship, 2)': no session can satisfy them together",
        ),
        ([{"existence": {"tool": "get_ship", "ok": True}}, {"absence": "*"}], 1, "contradicts"),
        (
            [{"exactly": "get_ship"}, {"existence": {"tool": "get_ship", "args": {"id": "S-001"}}, "n": 2}],
            1,
            "contradicts",
        ),
        ([{"init": "get_ship"}, {"init": "list_ships"}], 1, "'init(list_ships)' contradicts 'init(get_ship)'"),
        ([{"end": "get_ship"}, {"end": "list_ships"}], 1, "contradicts"),
        (
            [{"existence": "get_ship"}, {"response": ["get_ship", "moor_ship"]}, {"absence": "moor_ship"}],
            2,
            "'absence(moor_ship)' contradicts 'existence(get_ship)' and 'response(get_ship, moor_ship)'",
        ),
        (
            [{"existence": "moor_ship"}, {"not_coexistence": ["get_ship", "moor_ship"]}, {"existence": "get_ship"}],
            2,
            "contradicts",
        ),
        ([{"all_of": [{"existence": "get_ship"}, {"absence": "get_ship"}]}], 0, "contradicts"),
        ([{"chain_response": ["get_ship", "moor_ship"]}, {"end": "get_ship"}], 1, "contradicts"),
        (
            [{"absence": "get_ship"}, {"response": ["get_ship", "moor_ship"]}],
            1,
            "'response(get_ship, moor_ship)' never comes into play: 'absence(get_ship)' keeps what it speaks of from happening",
        ),
        ([{"absence": "moor_ship"}, {"precedence": ["get_ship", "moor_ship"]}], 1, "never comes into play"),
        (
            [{"existence": "get_ship", "n": 3}, {"exactly": "moor_ship"}, {"budget": {"calls": 3}}],
            2,
            "take 4 calls, more than the 3",
        ),
        (
            [SHIP, {"row": "ship", "key": "S-001", "fields": {"tonnes": 6}}],
            1,
            "never together with 'row ship S-001: tonnes=5': tonnes is either 6 or 5",
        ),
        ([SHIP, {"absent": "ship", "key": "S-001"}], 1, "one wants the row that the other wants gone"),
        (
            [{"row": "ship", "match": {"yard": "Leith"}}, {"count": "ship", "match": {"yard": "Leith"}, "is": 0}],
            1,
            "one wants a row where the other wants none",
        ),
        ([SHIP, {"unchanged": "ship"}], 1, "tonnes is 900 at the start, not 5"),
        (
            [{"unchanged": "ship", "key": "S-001"}, {"absent": "ship", "match": {}}],
            1,
            "one wants the row that the other wants gone",
        ),
        ([{"count": "ship", "at_least": 3}, {"count": "ship", "is": 2}], 1, "at least 3 against at most 2"),
        (
            [{"name": "x", "existence": "get_ship"}, {"name": "x", "existence": "moor_ship"}],
            1,
            "clause 0 has this name too",
        ),
    ],
)
def test_clauses_that_never_go_together_are_told(tmp_path: Path, clauses: list[Any], at: int, told: str) -> None:
    (found,) = problems(written(tmp_path, *clauses))
    assert found.startswith(f"/clauses/{at}"), found
    assert told in found


@pytest.mark.parametrize(
    "clauses",
    [
        [{"existence": "get_ship", "n": 2}, {"absence": "get_ship", "n": 3}],
        [{"existence": {"tool": "get_ship", "ok": True}}, {"absence": {"tool": "get_ship", "ok": False}}],
        [
            {"existence": {"tool": "get_ship", "args": {"id": "S-001"}}},
            {"absence": {"tool": "get_ship", "args": {"id": "S-002"}}},
        ],
        [{"init": "get_ship"}, {"init": ["get_ship", "list_ships"]}, {"end": "moor_ship"}],
        [{"any_of": [{"existence": "get_ship"}, {"absence": "get_ship"}]}],
        [
            {"response": ["get_ship", "moor_ship"]},
            {"not_succession": ["get_ship", "moor_ship"], "match": "a.args.id == b.args.id"},
        ],
        [SHIP, {"unchanged": "ship", "key": "S-001", "fields": ["name"]}],
        [SHIP, {"unchanged": "ship", "where": "row.tonnes < 800"}],
        [{"row": "ship", "key": "S-003"}, {"absent": "ship", "match": {"yard": "Leith"}}],
        [{"absence": "*"}, {"unchanged": "ship"}],
    ],
)
def test_clauses_that_go_together_are_taken(tmp_path: Path, clauses: list[Any]) -> None:
    assert load_contract(written(tmp_path, *clauses))
