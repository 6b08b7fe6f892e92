"""Read packs and worlds from files; every error names file, line, JSON Pointer and the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from schemas.check import check_pack, check_world
from schemas.document import DocumentError
from schemas.inline import inline_entities
from schemas.perturbations import Perturbation, Profile
from schemas.profiles import profile, profiles
from schemas.reach import check_perturbations
from schemas.remains import remains_of_pack, remains_of_world
from schemas.shape import shaped
from schemas.sources import Problem, Sources, mapping
from schemas.types import Pack, World
from schemas.validate import nearest

SHIPPED = Path(__file__).parent
_SUFFIXES = (".yaml", ".yml", ".json")


class LoadError(Exception):
    """A pack or world that cannot be used, with all its problems."""

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def shipped_worlds() -> dict[str, Path]:
    """The worlds that come with mcp-sim, by name."""
    found = (path for path in (SHIPPED / "worlds").iterdir() if path.suffix in _SUFFIXES)
    return {path.stem: path for path in sorted(found)}


def load_world(name_or_path: str | Path) -> World:
    """A world by shipped name or by path. A pack's path makes a world of that pack alone.

    Raises:
        LoadError: no such world, or errors in its files; all of them at once.
    """
    path = _locate(name_or_path)
    try:
        sources = Sources(document := mapping(path), document.data)
    except DocumentError as error:
        raise LoadError([str(error)]) from None
    return _load_world(path, sources) if "packs" in sources.data else _world_of(load_pack(path))


@lru_cache(maxsize=16)
def shipped_world(name: str) -> World:
    """A world that comes with mcp-sim, read once."""
    return load_world(name)


def load_pack(path: str | Path) -> Pack:
    """A pack from its file, or from the folder that holds its `pack.yaml`.

    Raises:
        LoadError: errors in its files; all of them at once.
    """
    try:
        sources = Sources.of_pack(_pack_file(Path(path)))
    except DocumentError as error:
        raise LoadError([str(error)]) from None
    pack, problems = shaped(Pack, sources.data, sources)
    rest = (pack, frozenset[str]()) if pack is not None else remains_of_pack(sources, problems)
    problems += sources.problems
    if rest is not None and sources.is_whole:
        pack, unknown = inline_entities(rest[0])
        problems += [sources.problem(finding.at, finding.message) for finding in (*unknown, *check_pack(pack, rest[1]))]
    if pack is None or problems or sources.unreadable:
        raise LoadError([*sources.unreadable, *sorted(set(problems))])
    return pack


def load_profile(name_or_path: str | Path, world: World) -> tuple[Perturbation, ...]:
    """The perturbations of a shipped profile, or of a file, for a world.

    Raises:
        LoadError: no such profile, or errors in its file; all of them at once.
    """
    text = str(name_or_path)
    if text in profiles():
        return profile(text).perturbations
    if not _exists(Path(text)):
        shown = text if len(text) <= 80 else f"{text[:80]}…"
        known = ", ".join(profiles())
        raise LoadError([f"no profile '{shown}'{nearest(shown, profiles())}: give a file, or one of {known}"])
    try:
        sources = Sources(document := mapping(Path(text)), document.data)
    except DocumentError as error:
        raise LoadError([str(error)]) from None
    found, problems = shaped(Profile, sources.data, sources)
    if found is not None:
        findings = check_perturbations(world, found.perturbations)
        problems = sorted({sources.problem(finding.at, finding.message) for finding in findings})
    if found is None or problems:
        raise LoadError(problems)
    return found.perturbations


def _locate(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    shipped = shipped_worlds()
    if text in shipped:
        return shipped[text]
    path = Path(text)
    if not _exists(path):
        shown = text if len(text) <= 80 else f"{text[:80]}…"
        raise LoadError(
            [f"no world '{shown}'{nearest(shown, shipped)}: give a file, a folder, or one of {', '.join(shipped)}"]
        )
    return _pack_file(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _world_of(pack: Pack) -> World:
    return World(name=pack.name, title=pack.title, description=pack.description, packs=(pack,))


def _load_world(path: Path, sources: Sources) -> World:
    names = sources.data["packs"]
    problems: list[Problem | str] = []
    packs: list[Pack] = []
    for at, name in enumerate(names if isinstance(names, list) else []):
        try:
            packs.append(load_pack(_pack_of(path, name)))
        except LookupError as error:
            problems.append(sources.problem(("packs", at), str(error.args[0])))
        except LoadError as error:
            problems.extend(error.problems)
    if not isinstance(names, list) or not names:
        problems.append(sources.problem(("packs",), "a world needs a list of at least one pack"))
    are_packs_right = not problems
    world, found = shaped(World, {**sources.data, "packs": packs}, sources)
    problems += sorted(problem for problem in found if packs or problem.pointer != "/packs")
    rest = world or remains_of_world(packs, sources, found)
    if rest is not None:
        findings = check_world(rest, is_whole=are_packs_right)
        problems += sorted({sources.problem(finding.at, finding.message) for finding in findings})
    if world is None or problems:
        raise LoadError(problems)
    return world


def _pack_of(world: Path, name: Any) -> Path:
    if not isinstance(name, str) or not name:
        raise LookupError("a pack is named by a text: a folder or file beside the world, or a shipped pack")
    shipped = sorted(path.name for path in (SHIPPED / "packs").iterdir() if path.is_dir())
    for folder in (world.parent, SHIPPED / "packs"):
        candidate = folder / name
        if _exists(candidate) and candidate.resolve().is_relative_to(folder.resolve()):
            return candidate
    shown = name if len(name) <= 80 else f"{name[:80]}…"
    raise LookupError(f"no pack '{shown}'{nearest(shown, shipped)} beside the world; shipped: {', '.join(shipped)}")


def _pack_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    for suffix in _SUFFIXES:
        if (path / f"pack{suffix}").is_file():
            return path / f"pack{suffix}"
    raise LoadError([f"{path}: this folder holds no pack.yaml"])


__all__ = ["LoadError", "Problem", "load_pack", "load_profile", "load_world", "shipped_world", "shipped_worlds"]
