"""Web pages that stand alone: a template, and what goes in as it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

_HERE = Path(__file__).parent


@cache
def template(folder: Path) -> Template:
    """The page of a folder; whatever is filled in is escaped."""
    loader = FileSystemLoader(folder)
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html.j2")


def style(folder: Path) -> Markup:
    """What all tables of results look like, and after it the style of one page."""
    return part(_HERE, "page.css") + part(folder, "page.css")


def part(folder: Path, name: str) -> Markup:
    """A style or script of the page: it holds nothing from outside."""
    return Markup((folder / name).read_text(encoding="utf-8"))  # noqa: S704 - ours
