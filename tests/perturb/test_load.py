"""What is wrong with perturbations is told at load: at its line, with the nearest name, or with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_sim.errors import BadPerturbation
from mcp_sim.perturb.given import perturbations_of
from schemas.load import LoadError, load_profile, load_world, shipped_worlds
from schemas.perturbations import KINDS, Perturbation
from schemas.profiles import profile, profiles
from schemas.reach import check_perturbations, reached
from schemas.types import World
from tests.perturb.depots import DEPOT
from tests.running import HARBOUR

ON = {"tool": "get_parcel"}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("nonsense", "/0: must be a mapping"),
        ({}, "/0: a perturbation has exactly one kind; there are latency, auth, rate_limit"),
        ({"error": {}, "timeout": {}}, "/0: a perturbation has exactly one kind; this one has error, timeout"),
        ({"latnecy": {"seconds": 1}}, "/0/latnecy: 'latnecy' is not a field here (did you mean 'latency'?)"),
        ({"latency": {}}, "/0/latency/seconds: 'seconds' is required"),
        ({"latency": {"second": 1}}, "/0/latency/second: 'second' is not a field here (did you mean 'seconds'?)"),
        ({"error": {"status": 200}}, "/0/error/status: Input should be greater than or equal to 400"),
        ({"format": {"as": "xmll"}}, "(did you mean 'xml'?)"),
        ({"stale": {}}, "/0/stale: give either `steps` or `seconds`"),
        ({"error": {}, "where": {"tol": "x"}}, "/0/where/tol: 'tol' is not a field here (did you mean 'tool'?)"),
        ({"error": {}, "where": {"tool": "get_parcl"}}, "/0/where/tool: no tool 'get_parcl' (did you mean 'get_parcel'?)"),
        ({"error": {}, "where": {"tool": "gt_*"}}, "/0/where/tool: no tool fits the pattern 'gt_*'"),
        ({"error": {}, "where": {"entity": "parsel"}}, "/0/where/entity: no entity 'parsel' (did you mean 'parcel'?)"),
        ({"error": {}, "where": {"after": {"tool": "logn"}}}, "/0/where/after/tool: no tool 'logn' (did you mean 'login'?)"),
        ({"error": {}, "where": {"when": "args.idd == 1", **ON}}, "none of the tools it is for has an argument 'idd' (did you mean 'id'?)"),
        ({"error": {}, "where": {"when": "arg.id == 1", **ON}}, "`arg.id == 1`: no name 'arg' here (did you mean 'args'?)"),
        ({"error": {}, "where": {"when": "args.id ==", **ON}}, "/0/where/when: `args.id ==` is not an expression"),
        ({"error": {}, "where": {"when": "lenn(args.id) > 1", **ON}}, "no function 'lenn' (did you mean 'len'?)"),
        ({"error": {}, "where": {"when": "count('parcel') > 1", **ON}}, "count reads what changes; a perturbation depends on the calls alone"),
        ({"error": {}, "where": {"nth": 0}}, "/0/where/nth: calls are counted from 1"),
        ({"error": {}, "where": {"nth": 3, "every": 2}}, "none of these is also a call that `every: 2` means, so it never acts"),
        ({"error": {}, "where": {"nth": []}}, "/0/where/nth: an empty list means no call at all"),
        ({"error": {}, "where": {"probability": 0}}, "a probability of 0 means that it never acts"),
        ({"error": {}, "where": {"from": 60, "until": 30}}, "/0/where/until: it ends before it begins"),
        ({"error": {}, "where": {"from": "2030-01-01T10:00:00Z", "until": 30}}, "/0/where/until: it ends before it begins"),
        ({"error": {}, "where": {"tool": "login", "entity": "parcel"}}, "/0/where: no tool fits these conditions together, so it never acts"),
        ({"rate_limit": {"calls": 1, "per": 1}, "where": {"nth": 2, "probability": 0.5}}, "a rate limit says itself which calls it refuses; leave out nth, probability"),
        ({"rate_limit": {"calls": 1, "per": 1, "style": "window", "burst": 2}}, "/0/rate_limit/burst: only a bucket has a burst"),
        ({"latency": {"seconds": 3, "upto": 2}}, "/0/latency/upto: 2 is less than the 3 seconds it starts from"),
        ({"auth": {"lifetime": 1, "renewed_by": "logon"}}, "/0/auth/renewed_by: no tool 'logon' (did you mean 'login'?)"),
        ({"hostile": {"bait": "drop_parcels"}}, "/0/hostile/bait: no tool 'drop_parcels' (did you mean 'drop_parcel'?)"),
        ({"withhold": {}}, "/0/withhold: this keeps every item back; give `where`, `share` or `fields`"),
        ({"drift": {"rename": {"note": "remark"}, "drop": ["note"]}}, "'note' is renamed already"),
        ({"page": {"items": 5}, "where": ON}, "'get_parcel' does not have exactly one `list` step that always runs, so `page` cannot act on it"),
        ({"page": {"items": 5}, "where": {"tool": "list_vans"}}, "'list_vans' has a list without a limit, so `page` cannot act on it"),
        ({"page": {"items": 60}, "where": {"tool": "list_parcels"}}, "'list_parcels' takes no such 'limit': 60 is greater than the maximum of 50"),
        ({"page": {"items": 5}, "where": {"tool": "leaf_parcels", "every": 2}}, "'leaf_parcels' counts pages, which then all have to be of one size"),
        ({"page": {"items": 5}, "where": {"tool": "*_parcel"}}, "`page` can act on none of these tools: 'get_parcel'"),
        ({"partial": {}, "where": ON}, "'get_parcel' has no list in its answer"),
        ({"partial": {"list": "itmes"}, "where": {"tool": "list_parcels"}}, "'list_parcels' has no list 'itmes' in its answer; there is items"),
        ({"duplicate": {}, "where": {"tool": "list_vans"}}, "gives a list whose items its output schema says are unique"),
        ({"distract": {}, "where": {"tool": "send_parcels"}}, "'send_parcels' has no list in its answer"),
        ({"stale": {"steps": 1}, "where": {"tool": "create_parcel"}}, "'create_parcel' changes rows"),
        ({"stale": {"steps": 1}, "where": {"tool": "forecast"}}, "'forecast' is not answered by a declared effect"),
        ({"batch": {}, "where": {"tool": "create_parcel"}}, "'create_parcel' makes one thing out of all entries"),
        ({"batch": {"argument": "idds"}, "where": {"tool": "send_parcels"}}, "'send_parcels' does not work through an argument 'idds'"),
        ({"withhold": {"fields": ["weight"]}, "where": ON}, "'get_parcel' always shows 'weight', which its schema requires"),
        ({"withhold": {"fields": ["notes"]}, "where": ON}, "'get_parcel' shows no field 'notes' (did you mean 'note'?)"),
        ({"withhold": {"where": "itm.weight > 3"}, "where": {"tool": "list_parcels"}}, "no name 'itm' here (did you mean 'item'?); there is args, item"),
        ({"drift": {"drop": ["notes"]}, "where": ON}, "'get_parcel' shows no field 'notes' (did you mean 'note'?)"),
        ({"drift": {"rename": {"note": "label"}}, "where": ON}, "'get_parcel' has a field 'label' besides 'note'"),
        ({"hostile": {"field": "nte"}, "where": ON}, "'get_parcel' has no free text 'nte' (did you mean 'note'?); there is label, note"),
        ({"hostile": {"text": "x" * 501, "field": "note"}, "where": ON}, "has room for 500 characters there, and the text needs 501"),
        ({"hostile": {}, "where": {"tool": "drop_parcel"}}, "'drop_parcel' has no output schema"),
        ({"format": {"as": "xml"}, "where": {"tool": "motto"}}, "'motto' answers in plain text"),
        ({"malform": {}, "where": {"tool": "login"}}, "'login' has no output schema that an answer could break"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place_and_the_reason(depot: World, spec: Any, told: str) -> None:
    with pytest.raises(BadPerturbation) as caught:
        perturbations_of(depot, [spec])
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "specs",
    [
        [{"permission": {}, "where": ON}, {"error": {}, "where": ON | {"nth": 3}}],
        [{"error": {}, "where": ON | {"nth": 3}}, {"permission": {}, "where": ON}],
        [{"truncate": {}, "where": ON}, {"timeout": {"after_commit": True}, "where": {"tool": "*_parcel"}}],
    ],
)
def test_what_another_perturbation_always_comes_before_never_acts(depot: World, specs: list[Any]) -> None:
    with pytest.raises(BadPerturbation, match=r"it never acts: '.*' answers every call of these tools before it"):
        perturbations_of(depot, specs)
    for spec in specs:
        perturbations_of(depot, [spec])


def test_two_perturbations_have_two_names(depot: World) -> None:
    with pytest.raises(BadPerturbation, match="two perturbations are called 'x'"):
        perturbations_of(depot, [{"name": "x", "error": {}}, {"name": "x", "timeout": {}}])
    seldom: dict[str, Any] = {"error": {}, "where": {"probability": 0.1}}
    given = [seldom, seldom, seldom | {"name": "error-2"}, {"rate_limit": {"calls": 1, "per": 1}}]
    found = perturbations_of(depot, given)
    assert [one.name for one in found] == ["error", "error-3", "error-2", "rate-limit"]


def world_file(folder: Path, **parts: Any) -> Path:
    (folder / "depot.yaml").write_text(DEPOT.read_text())
    path = folder / "world.yaml"
    path.write_text(yaml.safe_dump({"name": "w", "packs": ["depot.yaml"], **parts}, sort_keys=False))
    return path


def test_an_error_in_a_world_file_names_its_line_and_pointer(tmp_path: Path) -> None:
    path = world_file(tmp_path, perturbations=[{"error": {}}, {"latency": {"second": 1}}])
    with pytest.raises(LoadError) as caught:
        load_world(path)
    assert f"{path}:7: /perturbations/1/latency/second: 'second' is not a field here" in str(caught.value)
    path = world_file(tmp_path, perturbations=[{"error": {}, "where": {"tool": "gett_parcel"}}])
    with pytest.raises(LoadError, match=r"world.yaml:7: /perturbations/0/where/tool: no tool 'gett_parcel'"):
        load_world(path)


def test_a_profile_of_a_world_is_spelled_out_behind_its_own(tmp_path: Path) -> None:
    world = load_world(world_file(tmp_path, perturbations=[{"latency": {"seconds": 1}}], profile="flaky"))
    assert [one.name for one in world.perturbations] == [
        "latency",
        *(one.name for one in profile("flaky").perturbations),
    ]
    again = World.model_validate(world.model_dump(mode="json", by_alias=True))
    assert again == world
    assert again.fingerprint == world.fingerprint
    with pytest.raises(
        LoadError, match=r"/profile: no profile 'flakey' \(did you mean 'flaky'\?\); there are calm, drift"
    ):
        load_world(world_file(tmp_path, profile="flakey"))


def test_a_world_without_perturbations_keeps_its_fingerprint(tmp_path: Path) -> None:
    plain = load_world(world_file(tmp_path))
    assert load_world(world_file(tmp_path, profile="calm")).fingerprint == plain.fingerprint
    assert load_world(world_file(tmp_path, profile="slow")).fingerprint != plain.fingerprint


@pytest.mark.parametrize("name", profiles())
@pytest.mark.parametrize("world", [*shipped_worlds(), str(HARBOUR)])
def test_a_profile_fits_every_world_and_says_in_one_line_what_it_is(name: str, world: str) -> None:
    definition = load_world(world)
    found = load_profile(name, definition)
    assert check_perturbations(definition, found) == []
    assert all(reached(definition, one) for one in found)
    assert all(one.optional and one.name for one in found)
    assert profile(name).about.count("\n") == 0


def test_there_are_the_seven_profiles() -> None:
    assert profiles() == ("calm", "drift", "flaky", "hostile", "production", "rate-limited", "slow")


def test_a_profile_may_be_a_file_of_ones_own(tmp_path: Path, depot: World) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("about: mine\nperturbations:\n  - error: {}\n    where: {tool: get_parcel}\n")
    assert [one.kind for one in load_profile(path, depot)] == ["error"]
    path.write_text("about: mine\nperturbations:\n  - error: {}\n    where: {tool: gett_parcel}\n")
    with pytest.raises(LoadError, match=r"mine.yaml:4: /perturbations/0/where/tool: no tool 'gett_parcel'"):
        load_profile(path, depot)
    path.write_text("about: mine\nperturbation: []\n")
    with pytest.raises(LoadError, match=r"mine.yaml:2: /perturbation: .* \(did you mean 'perturbations'\?\)"):
        load_profile(path, depot)
    with pytest.raises(LoadError, match=r"^no profile 'slwo' \(did you mean 'slow'\?\): give a file, or one of calm"):
        load_profile("slwo", depot)


def test_every_kind_has_a_place_in_the_order_and_is_a_field() -> None:
    assert set(KINDS) == set(Perturbation.model_fields) - {"name", "where", "optional"}
