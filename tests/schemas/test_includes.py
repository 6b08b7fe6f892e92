"""A pack of several files: names are merged, places are kept, and no name leads out of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.load import LoadError, load_pack
from tests.schemas.faults import problems

THING = "entities: {thing: {schema: {type: object, properties: {id: {type: string}}}}}\n"
TOOL = "tools:\n  look:\n    output: {type: object}\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("_", "/")
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".yaml").write_text(text)
    return folder


def said(folder: Path) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in problems(folder / "pack.yaml")]


def test_a_pack_may_be_spread_over_files_of_its_folder(tmp_path: Path) -> None:
    write(tmp_path, pack=f"name: p\ninclude: [more/tools.yaml, seed.yaml]\n{THING}", more_tools=TOOL)
    write(tmp_path, seed="seed: {thing: [{id: a}]}\n")
    pack = load_pack(tmp_path)
    assert (list(pack.tools), list(pack.entities), pack.seed["thing"]) == (["look"], ["thing"], ({"id": "a"},))


def test_an_included_file_may_include_others(tmp_path: Path) -> None:
    write(tmp_path, pack="name: p\ninclude: [a.yaml]\n", a="include: [b.yaml]\n", b=TOOL)
    assert list(load_pack(tmp_path).tools) == ["look"]


def test_a_fault_is_found_in_the_file_that_holds_it(tmp_path: Path) -> None:
    write(tmp_path, pack="name: p\ninclude: [a.yaml]\n", a="\n\ntools:\n  look:\n    outptu: {}\n")
    assert said(tmp_path)[0] == ("a.yaml:5: /tools/look/outptu: 'outptu' is not a field here (did you mean 'output'?)")


def test_a_name_that_stands_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, pack=f"name: p\ninclude: [a.yaml]\n{TOOL}", a=f"include: [b.yaml]\n{TOOL}", b=TOOL)
    assert said(tmp_path) == [
        "pack.yaml:4: /tools/look: 'look' stands in a.yaml too; rename or remove one",
        "pack.yaml:4: /tools/look: 'look' stands in b.yaml too; rename or remove one",
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tols.yaml", "no file 'tols.yaml' in "),
        ("tols.yaml", "(did you mean 'tools.yaml'?)"),
        ("../outside.yaml", "'../outside.yaml' leaves the folder of the pack"),
        ("/etc/passwd", "'/etc/passwd' leaves the folder of the pack"),
        (".", "no file '.' in "),
        ("x" * 5000, f"no file '{'x' * 80}…' in "),
    ],
)
def test_an_include_that_is_no_file_of_the_folder_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "outside.yaml").write_text(TOOL)
    inside = tmp_path / "inside"
    inside.mkdir()
    write(inside, pack=f'name: p\n{TOOL}include: ["{name}"]\n', tools=TOOL)
    (found,) = said(inside)
    assert found.startswith("pack.yaml:5: /include/0: ")
    assert message in found


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(TOOL)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    write(inside, pack=f"name: p\n{TOOL}include: [link.yaml]\n")
    assert said(inside) == ["pack.yaml:5: /include/0: 'link.yaml' leaves the folder of the pack"]


def test_a_circle_of_includes_is_refused(tmp_path: Path) -> None:
    write(tmp_path, pack="name: p\ninclude: [a.yaml]\n", a="include: [b.yaml]\n", b="include: [a.yaml]\n")
    assert said(tmp_path) == [
        "b.yaml:1: /include/0: include goes round in a circle: pack.yaml -> a.yaml -> b.yaml -> a.yaml"
    ]


def test_a_circle_of_includes_hides_no_other_fault(tmp_path: Path) -> None:
    write(tmp_path, pack=f"name: p\ninclude: [a.yaml]\n{THING}seed: {{thing: [{{id: 7}}]}}\n")
    write(tmp_path, a="include: [pack.yaml]\ntools:\n  look:\n    outptu: {}\n")
    assert [line.split(": ")[1] for line in said(tmp_path)] == ["/include/0", "/tools/look/outptu", "/seed/thing/0/id"]


def test_a_file_that_cannot_be_read_hides_no_fault_of_the_others_and_makes_none_up(tmp_path: Path) -> None:
    write(tmp_path, pack="name: p\ninclude: [a.yaml, b.yaml]\n", a="entities: [\n")
    write(tmp_path, b="tools:\n  look: {outptu: {}}\n  see: {output: {x-entity: thing}}\n")
    with pytest.raises(LoadError) as caught:
        load_pack(tmp_path)
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems] == [
        "a.yaml:2: not valid YAML: did not find expected node content",
        "b.yaml:2: /tools/look/outptu: 'outptu' is not a field here (did you mean 'output'?)",
    ]


@pytest.mark.parametrize("include", ["a.yaml", "{a: b}", "[7]", "[[a.yaml]]"])
def test_include_is_a_list_of_names(tmp_path: Path, include: str) -> None:
    write(tmp_path, pack=f"name: p\ninclude: {include}\n", a=TOOL)
    assert said(tmp_path) == ["pack.yaml:2: /include: include is a list of file names"]


def test_an_included_file_holds_parts_of_a_pack_only(tmp_path: Path) -> None:
    write(tmp_path, pack=f"name: p\ninclude: [a.yaml]\n{TOOL}", a="name: q\nseed: [x]\n__problems__: 5\n")
    assert said(tmp_path) == [
        f"a.yaml:{line}: /{name}: an included file holds mappings called entities, tools, seed; nothing else"
        for line, name in ((1, "name"), (2, "seed"), (3, "__problems__"))
    ]


@pytest.mark.parametrize("tools", ["", "[x]"])
def test_a_section_that_is_no_mapping_is_refused_although_an_include_has_one(tmp_path: Path, tools: str) -> None:
    write(tmp_path, pack=f"name: p\ntools: {tools}\ninclude: [a.yaml]\n", a=TOOL)
    assert said(tmp_path) == ["pack.yaml:2: /tools: must be a mapping"]


def test_a_file_that_is_included_is_read_as_strictly_as_the_first(tmp_path: Path) -> None:
    write(tmp_path, pack="name: p\ninclude: [a.yaml]\n", a="tools: {}\ntools: {}\n")
    with pytest.raises(LoadError, match=r"a\.yaml:2: 'tools' stands twice"):
        load_pack(tmp_path)
