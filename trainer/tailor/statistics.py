"""What is counted of events and records: classes of turns, lengths, errors, losses, and what each domain has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from trainer.tailor.cut import Cut

BOUNDS = (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
"""Upper bounds of the lengths that are counted together, in characters."""


@dataclass
class Counts:
    """Counts of some runs; those of several are added.

    Attributes:
        events: by domain.
        errors: events that are errors, by domain.
        classes: events by domain and class.
        lengths: events by the bound of the length of their observation.
        losses: events taken out, by source and the filter that counts.
        also: events that a filter would take out as well, by filter.
        lost_characters: characters taken out, by filter.
        anchors: by kind.
        rejected: records turned down, by intent and rule.
        made: records by intent.
        runs: by domain.
    """

    events: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    lengths: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    also: Counter[str] = field(default_factory=Counter)
    lost_characters: Counter[str] = field(default_factory=Counter)
    anchors: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)

    def take(self, cut: Cut) -> None:
        """Count one run."""
        for domain in {beat.moment.event.call.domain or cut.run.server for beat in cut.beats}:
            self.runs[domain] += 1
        for beat in cut.beats:
            call = beat.moment.event.call
            domain = call.domain or cut.run.server
            self.events[domain] += 1
            self.errors[domain] += call.is_error
            self.classes[f"{domain}\t{beat.turn_class}"] += 1
            self.lengths[str(next((bound for bound in BOUNDS if len(call.text) <= bound), "more"))] += 1
            for number, loss in enumerate(beat.losses):
                if number == 0:
                    self.losses[f"{cut.run.source}\t{loss.filter}"] += 1
                    self.lost_characters[loss.filter] += loss.characters
                else:
                    self.also[loss.filter] += 1
            self.anchors.update(found.kind for found in beat.anchors)
        self.made.update(record.intent for record in cut.records)
        self.rejected.update(f"{found.record.intent}\t{found.rule}" for found in cut.rejections)

    def plain(self) -> dict[str, dict[str, int]]:
        """As plain JSON, zeros left out."""
        return {name: {key: n for key, n in getattr(self, name).items() if n} for name in self.__dataclass_fields__}

    def add(self, other: dict[str, Any]) -> None:
        """Add counts that were written down."""
        for name, found in other.items():
            getattr(self, name).update(found)
