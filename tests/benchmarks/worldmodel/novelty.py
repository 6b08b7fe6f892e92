"""How much of a question a server computes anew, beside how much of it is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import median

from rich.table import Table

from mcp_sim.worldmodel.client import Spent
from tests.benchmarks.worldmodel.engine import text
from tests.worldmodel.adversary.tokens import count

AIM = 1.2


@dataclass(frozen=True)
class Novelty:
    """One question beside the one before it in its session, in tokens.

    Attributes:
        uncached: of the prompt, without those that the server found in its prompt cache.
        between: from the first line that differs to the last one.
        new: of the lines that the earlier question does not have, in its order.
    """

    prompt: float
    uncached: float
    between: float
    new: float


def novelty(asked: Sequence[tuple[bytes, Spent]]) -> list[Novelty]:
    """Every question of a session but the first."""
    lines = [text(body).splitlines() for body, _ in asked]
    return [_compared(before, now, spent) for before, now, (_, spent) in zip(lines, lines[1:], asked[1:], strict=False)]


def _compared(before: list[str], now: list[str], spent: Spent) -> Novelty:
    sizes = [count(line.encode()) for line in now]
    ahead = _common(before, now)
    behind = _common(before[ahead:][::-1], now[ahead:][::-1])
    blocks = SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks()
    found_again = sum(sum(sizes[block.b : block.b + block.size]) for block in blocks)
    # The server counts tokens in its own way: the shares are those of the text.
    scale = spent["prompt_tokens"] / sum(sizes)
    between, new = sum(sizes[ahead : len(now) - behind]), sum(sizes) - found_again
    uncached = spent["prompt_tokens"] - spent["cached_tokens"]
    return Novelty(spent["prompt_tokens"], uncached, scale * between, scale * new)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += 1
    return length


def table(found: Sequence[Novelty]) -> Table:
    """Medians, and the ratio of each pair of them."""
    shown = Table(
        title="Prompt cache: tokens of a question that the server computes (median)",
        caption="Each question beside the one before it in its session. between: from the first line that differs to the "
        "last one.\nnew: of the lines that the earlier question does not have, in its order (difflib). Both are measured "
        "in words and marks, and scaled to the tokens of the server.",
        title_justify="left",
        caption_justify="left",
    )
    for heading in ("questions", "prompt", "uncached", "between", "uncached / between", "new", "uncached / new"):
        shown.add_column(heading, justify="right")
    if not found:
        return shown
    middle = {name: median(getattr(row, name) for row in found) for name in ("prompt", "uncached", "between", "new")}
    ratios = [middle["uncached"] / max(middle[name], 1) for name in ("between", "new")]
    aimed = [f"[{'green' if ratio <= AIM else 'red'}]{ratio:.2f}[/] (≤ {AIM})" for ratio in ratios]
    prompt, uncached, between, new = (f"{middle[name]:,.0f}" for name in ("prompt", "uncached", "between", "new"))
    shown.add_row(f"{len(found):,}", prompt, uncached, between, aimed[0], new, aimed[1])
    return shown
