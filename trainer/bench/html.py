"""One page that compares checkpoints: measures with their intervals, differences, kinds of records, drift, examples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from mcp_sim import pages
from trainer.bench.drift import ARMS, STEPS, Drift
from trainer.bench.plots import COLOURS, bars, courses, curves
from trainer.bench.result import HEADLINES, MEASURES, BenchResult, Measured
from trainer.rewards import DIMENSIONS

_FOLDER = Path(__file__).parent / "page"
_SHARED = Path(pages.__file__).parent / "bench" / "page"
_BRIEF = ("exact", "leaf_f1", "rubric")
_EXAMPLES = 12
_SHOWN = 1500
_SLICES = 24
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def html(
    result: BenchResult | None,
    answers: Mapping[str, Sequence[str]] | None = None,
    drifts: Mapping[str, Drift] | None = None,
    awb: Mapping[str, Mapping[str, Any]] | None = None,
    logged: Mapping[str, Sequence[float]] | None = None,
) -> str:
    """The page.

    Args:
        result: of next-observation prediction.
        answers: the answers it measured, for examples.
        drifts: by checkpoint.
        awb: by checkpoint, the summary of AgentWorldBench files.
        logged: what the steps of training came to, by what that is.
    """
    names = list(dict.fromkeys([*(result.names if result else ()), *(drifts or {}), *(awb or {})]))
    return pages.template(_FOLDER).render(
        style=pages.style(_SHARED) + pages.part(_FOLDER, "page.css"),
        colours={name: COLOURS[at % len(COLOURS)] for at, name in enumerate(names)},
        names=names,
        prediction=None if result is None else _prediction(result, answers or {}),
        drift=None if not drifts else _drift(drifts, names),
        awb=None if not awb else _awb(awb),
        training=courses({name: values for name, values in (logged or {}).items() if values}),
    )


def _prediction(result: BenchResult, answers: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    slices = dict(list(result.slices().items())[:_SLICES])
    whole = slices["all"]
    shown = {name: MEASURES[name] for name in MEASURES if any(result.mean(one, name, whole) for one in result.names)}
    return {
        "records": len(result.records),
        "trajectories": len({record.trajectory or record.id for record in result.records}),
        "judge": result.judge,
        "measures": list(shown.values()),
        "rows": [(name, [result.mean(name, measure, whole) for measure in shown]) for name in result.names],
        "plot": bars(
            [shown[name] for name in HEADLINES if name in shown],
            [(name, [result.mean(name, one, whole) for one in HEADLINES if one in shown]) for name in result.names],
        ),
        "differences": [
            (one, other, [result.difference(one, other, measure, whole) for measure in shown])
            for one, other in combinations(result.names, 2)
        ],
        "slices": [
            (part, len(places), [[result.mean(name, one, places) for one in _BRIEF] for name in result.names])
            for part, places in slices.items()
        ],
        "slice_plot": bars(
            [f"{part} ({len(places):,})" for part, places in slices.items()],
            [(name, [result.mean(name, "exact", places) for places in slices.values()]) for name in result.names],
        ),
        "violations": [(name, sorted(result.violations[name].items())) for name in result.names],
        "examples": _examples(result, answers),
    }


def _examples(result: BenchResult, answers: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Records that not all checkpoints answer exactly, those on which they differ most first."""
    if not answers:
        return []

    def spread(at: int) -> float:
        marks = [result.measured[name][at]["rubric"] or 0.0 for name in result.names]
        return max(marks) - min(marks) + (1 - sum(marks) / len(marks)) / 10

    def is_missed(at: int) -> bool:
        return any(not result.measured[name][at]["exact"] for name in result.names)

    wrong = list(filter(is_missed, range(len(result.records))))
    found = []
    for at in sorted(wrong, key=lambda at: (-spread(at), at))[:_EXAMPLES]:
        record = result.records[at]
        gold = next((turn.content for turn in reversed(record.turns) if turn.loss), str(record.facts.get("answer", "")))
        found.append(
            {
                "what": str(record.facts.get("tool") or record.intent),
                "where": f"{record.domain} · {record.trajectory or record.id[:12]} · step {record.at}",
                "arguments": _cut(str(record.facts.get("arguments", ""))),
                "real": _cut(gold),
                "said": [_said(name, answers[name][at], result.measured[name][at]) for name in result.names],
            }
        )
    return found


def _said(name: str, answer: str, measured: Measured) -> tuple[str, str, float | None, bool]:
    return name, _cut(answer), measured["rubric"], bool(measured["exact"])


def _drift(drifts: Mapping[str, Drift], names: Sequence[str]) -> dict[str, Any]:
    lines = [
        (COLOURS[at % len(COLOURS)], arm == "with", drifts[name].arms[arm])
        for at, name in enumerate(names)
        if name in drifts
        for arm in ARMS
    ]
    summaries = {name: found.summary() for name, found in drifts.items()}
    horizons = sorted({int(step) for found in summaries.values() for arm in ARMS for step in found[arm]})
    return {
        "plot": curves(lines),
        "horizons": horizons or list(STEPS),
        "rows": [
            (name, ARMS[arm], [summaries[name][arm].get(str(step)) for step in horizons])
            for name in drifts
            for arm in ARMS
        ],
        "worlds": sorted({found.world for found in drifts.values()}),
    }


def _awb(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    domains = sorted({domain for one in found.values() for domain in one["domains"]})
    return {
        "domains": domains,
        "rows": [(name, one, [one["domains"].get(domain) for domain in domains]) for name, one in found.items()],
        "dimensions": DIMENSIONS,
    }


def _cut(text: str) -> str:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    plain = _CONTROL.sub(lambda sign: sign[0].encode("unicode_escape").decode(), shown)
    return plain.encode("utf-8", "backslashreplace").decode()
