"""Worlds: packs put together, each fault at its place, no name that leads out of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.load import LoadError, load_world, shipped_world, shipped_worlds
from tests.running import HARBOUR, write_pack
from tests.schemas.faults import problems


def world(folder: Path, text: str) -> Path:
    write_pack(folder)
    path = folder / "world.yaml"
    path.write_text(text)
    return path


def said(path: Path) -> list[str]:
    return [str(problem).replace(f"{path.parent}/", "") for problem in problems(path)]


def test_a_world_is_its_packs_with_a_clock_a_seed_and_examples(tmp_path: Path) -> None:
    text = "name: w\npacks: [pack.yaml]\nseed: 7\nclock: {start: 2031-05-01T10:00:00+02:00, tick: 5}\n"
    found = load_world(world(tmp_path, text + "examples: [{tool: get_ship, arguments: {id: S-001}}]\n"))
    assert (found.name, found.seed, found.clock.tick, list(found.entities)) == (
        "w", 7, 5.0, ["dock", "flag", "crate", "ship", "sailor"]
    )  # fmt: skip
    assert found.clock.start.isoformat() == "2031-05-01T08:00:00+00:00"


def test_the_path_of_a_pack_is_a_world_of_that_pack(tmp_path: Path) -> None:
    assert load_world(HARBOUR) == load_world(HARBOUR / "pack.yaml")
    assert load_world(HARBOUR).name == "harbour"


def test_worlds_from_equal_files_have_one_fingerprint_and_others_another(tmp_path: Path) -> None:
    one = load_world(world(tmp_path, "name: w\npacks: [pack.yaml]\n"))
    same = load_world(world(tmp_path, "packs: [pack.yaml]\nname: w\n"))
    other = load_world(world(tmp_path, "name: w\npacks: [pack.yaml]\nseed: 1\n"))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "harbour"
    assert hash(one) == hash(same)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: w\npacks: []\n", "world.yaml:2: /packs: a world needs a list of at least one pack"),
        ("name: w\npacks: pack.yaml\n", "world.yaml:2: /packs: a world needs a list of at least one pack"),
        ("name: w\npacks: [7]\n", "world.yaml:2: /packs/0: a pack is named by a text: a folder or file beside"),
        (
            "name: w\npacks:\n- helpdesc\n",
            "world.yaml:3: /packs/0: no pack 'helpdesc' (did you mean 'helpdesk'?) beside",
        ),
        ("name: w\npacks: [..]\n", "world.yaml:2: /packs/0: no pack '..' beside the world"),
        ("name: w\npacks: [../x]\n", "world.yaml:2: /packs/0: no pack '../x' beside the world"),
        ("name: w\npacks: [/etc/passwd]\n", "world.yaml:2: /packs/0: no pack '/etc/passwd' beside the world"),
        (f"name: w\npacks: [{'x' * 5000}]\n", f"world.yaml:2: /packs/0: no pack '{'x' * 80}…' beside the world"),
        ("name: w\npacks: [world.yaml]\n", "world.yaml:2: /packs: 'packs' is not a field here"),
        ("packs: [pack.yaml]\n", "world.yaml:1: /name: 'name' is required"),
        (
            "name: w\npacks: [pack.yaml]\nlor: x\n",
            "world.yaml:3: /lor: 'lor' is not a field here (did you mean 'lore'?)",
        ),
        ("name: w\npacks: [pack.yaml]\nseed: -1\n", "world.yaml:3: /seed: Input should be greater than or equal to 0"),
        ("name: w\npacks: [pack.yaml]\nseed: many\n", "world.yaml:3: /seed: Input should be a valid integer"),
        ("name: w\npacks: [pack.yaml]\nclock:\n  start: soon\n", "world.yaml:4: /clock/start: Input should be a valid"),
        ("name: w\npacks: [pack.yaml]\nclock: {tick: -1}\n", "world.yaml:3: /clock/tick: Input should be greater than"),
        (
            "name: w\npacks: [pack.yaml]\nclock: {tock: 1}\n",
            "/clock/tock: 'tock' is not a field here (did you mean 'tick'?)",
        ),
        (
            "name: w\npacks: [pack.yaml]\nexamples:\n- tool: get_shp\n",
            "world.yaml:4: /examples/0/tool: no tool 'get_shp' (did you mean 'get_ship'?)",
        ),
        (
            "name: w\npacks: [pack.yaml]\nexamples:\n- {tool: get_ship, arguments: {idd: x}}\n",
            "world.yaml:4: /examples/0/arguments: arguments: 'idd' is not known (did you mean 'id'?); known: id",
        ),
        (
            "name: w\npacks: [pack.yaml, pack.yaml]\n",
            "world.yaml:2: /packs/1: tool 'get_ship' stands in pack 'harbour' too",
        ),
        (
            "name: w\npacks: [pack.yaml, pack.yaml]\n",
            "world.yaml:2: /packs/1: entity 'ship' stands in pack 'harbour' too",
        ),
    ],
)
def test_a_fault_of_a_world_is_found_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    found = said(world(tmp_path, text))
    assert any(line.startswith(expected) or expected in line for line in found), found


def test_faults_of_several_packs_and_of_the_world_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\ntools: {t: {outptu: {}}}\n")
    found = said(world(tmp_path, "name: w\npacks: [bad.yaml, nowhere, pack.yaml]\nlor: x\n"))
    assert [line.split(": ")[1] for line in found] == ["/tools/t/outptu", "/packs/1", "/lor"]


def test_faults_of_names_are_told_beside_those_of_shape(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\ntools: {t: {outptu: {}}}\n")
    examples = "examples:\n- {tool: get_ship, arguments: {idd: x}}\n- {tool: t}\n"
    found = said(world(tmp_path, f"name: w\npacks: [pack.yaml, bad.yaml, pack.yaml]\nlor: x\n{examples}"))
    assert sorted({line.split(": ")[1] for line in found}) == [
        "/examples/0/arguments",
        "/lor",
        "/packs/1",
        "/tools/t/outptu",
    ]


def test_two_packs_cannot_share_a_route(tmp_path: Path) -> None:
    for name, part in (("one", "id"), ("two", "key")):
        arguments = f"input: {{type: object, properties: {{{part}: {{type: string}}}}}}"
        route = f'effect: {{http: {{method: GET, path: "/things/{{{part}}}"}}}}'
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\ntools: {{get_{name}: {{{arguments}, {route}}}}}\n")
    path = tmp_path / "world.yaml"
    path.write_text("name: w\npacks:\n- one.yaml\n- two.yaml\n")
    assert said(path) == ["world.yaml:4: /packs/1: GET /things/{key} is the route of 'get_one' as well as of 'get_two'"]


def test_a_world_without_a_tool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("name: empty\n")
    path = tmp_path / "world.yaml"
    path.write_text("name: w\npacks: [empty.yaml]\n")
    assert said(path) == ["world.yaml:2: /packs: the packs of this world hold no tool"]


@pytest.mark.parametrize("name", ["helpdesc", "nowhere/at/all", "a\0b", "x" * 5000])
def test_a_world_that_is_not_there_is_refused_and_the_shipped_ones_are_named(name: str) -> None:
    with pytest.raises(LoadError, match="give a file, a folder, or one of helpdesk, mars-colony, shop") as caught:
        load_world(name)
    assert len(str(caught.value)) < 300


def test_a_folder_without_a_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="this folder holds no pack"):
        load_world(tmp_path)


@pytest.mark.parametrize("name", list(shipped_worlds()))
def test_a_shipped_world_is_right_and_is_found_by_name(name: str) -> None:
    assert shipped_world(name).name == name
    assert len(shipped_world(name).entities) >= 6
    assert len(shipped_world(name).tools) >= 20
