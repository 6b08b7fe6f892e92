"""Which cases are meant, and what is said where none can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.errors import SetupError
from mcp_sim.runner import Limits, cases_of
from mcp_sim.runner.cases import read_seeds
from mcp_sim.runner.trials import Trials
from schemas.contracts import shipped_contracts
from schemas.load import LoadError
from tests.runner.conftest import DRACO
from tests.running import HARBOUR


def names(*contracts: str) -> list[str]:
    return [case.source for case in cases_of(contracts)]


def test_all_means_every_shipped_contract() -> None:
    assert names("all") == list(shipped_contracts())


def test_a_world_or_a_pattern_means_its_contracts_each_once() -> None:
    shop = [name for name in shipped_contracts() if name.startswith("shop/")]
    assert names("shop") == names("shop/*") == names("shop/*", "shop/sell-a-cart", "shop") == shop
    assert names("*/se*") == ["mars-colony/send-the-salvage", "shop/sell-a-cart"]


def test_two_contracts_of_one_name_are_told_apart_by_their_author(tmp_path: Path) -> None:
    twin = tmp_path / "twin.yaml"
    twin.write_text(Path(DRACO).read_text().replace("../packs/harbour", str(HARBOUR)))
    with pytest.raises(
        LoadError, match=r"twin.yaml: the contract is called 'harbour/build-the-draco' as that of .*draco"
    ):
        cases_of([DRACO, str(twin)])


def test_every_contract_comes_with_every_profile_and_seed() -> None:
    cases = cases_of([DRACO, "shop/sell-a-cart"], ["calm", None, "calm"], [3, 4])
    found = [(case.source, case.profile, case.seed) for case in cases]
    assert found == [
        (source, p, seed) for source in (DRACO, "shop/sell-a-cart") for p in ("calm", None) for seed in (3, 4)
    ]


def test_without_seeds_each_world_has_its_own() -> None:
    (case,) = cases_of(["shop/sell-a-cart"])
    assert case.seed == case.contract.world.seed


def test_everything_that_is_wrong_with_contracts_is_told_at_once(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(Path(DRACO).read_text().replace("../packs/harbour", "shop").replace("row: ship", "row: shipp"))
    with pytest.raises(LoadError) as refused:
        cases_of(["shop/sel-a-cart", str(broken), "shpo/*"])
    told = str(refused.value)
    assert "no contract 'shop/sel-a-cart' (did you mean 'shop/sell-a-cart'?)" in told
    assert f"{broken}:7: " in told
    assert "no contract 'shpo/*'" in told


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(LoadError, match=r"no profile 'flakey' \(did you mean 'flaky'\?\)") as refused:
        cases_of(["shop"], ["flakey"])
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("1", [0]), ("3", [0, 1, 2]), ("3,7", [3, 7]), ("7,", [7]), ("5-7", [5, 6, 7]), ("4-5, 1,4", [4, 5, 1])],
)
def test_seeds_are_counted_or_named(text: str, seeds: list[int]) -> None:
    assert read_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", ",", "0", "-1", "x", "3-", "7-5", "1,,2", "1.5", "1000000", "0-9007199254740993"])
def test_what_is_no_seed_is_refused(text: str) -> None:
    with pytest.raises(SetupError, match="--seeds"):
        read_seeds(text)


@given(st.lists(st.integers(0, 2**53), min_size=2, unique=True))
def test_a_list_of_seeds_is_read_as_it_is_written(seeds: list[int]) -> None:
    assert read_seeds(",".join(map(str, seeds))) == seeds


def test_k_wants_as_many_seeds() -> None:
    cases = cases_of([DRACO], seeds=[1, 2])
    with pytest.raises(SetupError, match="--k 3 needs at least 3 seeds of every contract and profile; there are 2"):
        Trials(cases, "true", k=3)
    assert Trials(cases, "true", k=2).report().k == 2


def test_a_limit_of_calls_is_given_or_ten_budgets_or_a_thousand() -> None:
    (draco,), (cart,) = cases_of([DRACO]), cases_of(["shop/sell-a-cart"])
    assert Limits().most_calls(draco.contract) == 100
    assert Limits().most_calls(cart.contract) == 1000
    assert Limits(calls=7).most_calls(cart.contract) == 7
    bare = draco.contract.model_copy(update={"clauses": draco.contract.clauses[:1]})
    assert Limits().most_calls(bare) == 1000
