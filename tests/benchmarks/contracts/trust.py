"""Idle cost, detection, false alarms and adherence, one table each; what is amiss is told and fails the run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from tests.agents.mutants import MUTANTS
from tests.benchmarks.contracts import detection, false_alarms, idle
from tests.benchmarks.report import Report
from tests.perturb import adherence

T = TypeVar("T")


def run(report: Report, *, quick: bool) -> None:
    """Measure all four."""
    with report.part("what an idle perturbation costs"):
        costs = idle.measure(rounds=8, calls=25) if quick else idle.measure()
        report.add("idle perturbations", costs, idle.table(costs))
        if not quick:
            slow = [one for one in costs if one.one >= idle.AIM]
            report.misses += [
                f"a perturbation {one.what} costs {one.one:.1f} µs, {idle.AIM:g} are aimed at" for one in slow
            ]
    workers = ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn"))
    try:
        with report.part("detection"):
            _detection(report, workers, quick)
        with report.part("false alarms"):
            _false_alarms(report, workers, quick)
        with report.part("adherence"):
            _adherence(report, workers, quick)
    finally:
        workers.shutdown(cancel_futures=True)


def _adherence(report: Report, workers: ProcessPoolExecutor, quick: bool) -> None:
    wanted, calls = (30, 60) if quick else (adherence.WANTED, adherence.CALLS)
    found = _all(workers, adherence.one, [(number, wanted, calls) for number in range(len(adherence.CASES))])
    report.add("adherence", found, adherence.table(found))
    for one in found:
        report.misses += [f"{one.kind}: {fault}" for fault in one.faults[:3]]
        if not one.is_within:
            report.misses.append(f"{one.kind}: acted on {one.acted} of {one.likely} calls, at a chance of {one.chance}")
        if not one.is_replayed:
            report.misses.append(f"{one.kind}: another session from the same seed")
        if one.acted < wanted:
            report.misses.append(f"{one.kind}: only {one.acted} perturbed calls, {wanted} are wanted")


def _detection(report: Report, workers: ProcessPoolExecutor, quick: bool) -> None:
    seeds = 4 if quick else detection.SEEDS
    found = _all(workers, detection.detect, [(number, seeds) for number in range(len(MUTANTS))])
    report.add("detection", found, detection.table(found))
    for one in found:
        if one.found < one.shown or not one.shown:
            report.misses.append(f"{one.name}: found in {one.found} of {one.shown} runs by '{one.by}'")
        report.misses += [f"{one.name}: also told, at {told}" for told in one.wrong[:3]]
        report.misses += [f"{one.name}: told of the careful agent, at {told}" for told in one.clean[:3]]
    report.misses += [f"no fault is there for clauses of the kind {verb}" for verb in detection.unseen(found)]


def _false_alarms(report: Report, workers: ProcessPoolExecutor, quick: bool) -> None:
    seeds = 1 if quick else false_alarms.SEEDS
    plan = [(contract, profile, seeds) for contract, profile in false_alarms.plan()]
    found = _all(workers, false_alarms.quiet, plan)
    report.add("false alarms", found, false_alarms.table(found))
    report.misses += [alarm for one in found for alarm in one.alarms]


def _all(workers: ProcessPoolExecutor, work: Callable[..., T], given: Sequence[Iterable[object]]) -> list[T]:
    """What becomes of all pieces of work, in their order."""
    waiting: list[Future[T]] = [workers.submit(work, *one) for one in given]
    return [one.result() for one in waiting]
