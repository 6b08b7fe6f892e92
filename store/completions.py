"""What world models said, by the SHA-256 of the question: the same question gets the same answer again, at no cost."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from schemas.types import Completion, Draft, Step
from store.clock import wall_time
from store.db import Database
from store.tables import completion

_FIND = select(completion.c.said, completion.c.model, completion.c.cut_off).where(
    completion.c.prompt == bindparam("prompt")
)
_FORGET_BEFORE = delete(completion).where(completion.c.created < bindparam("moment"))
_FORGET_OLDEST = delete(completion).where(
    completion.c.prompt.in_(
        select(completion.c.prompt).order_by(completion.c.created, completion.c.prompt).limit(bindparam("count"))
    )
)
_KEEP = {
    True: sqlite_insert(completion).on_conflict_do_nothing(),
    False: postgresql_insert(completion).on_conflict_do_nothing(),
}


def recall(db: Database, prompt: str) -> Completion | None:
    """What was said to this question, or None."""
    found = db.run(_FIND, prompt=prompt).first()
    return None if found is None else Completion(prompt, found.said, found.model, bool(found.cut_off))


def keep(db: Database, completions: Iterable[Completion]) -> None:
    """Keep what was said, inside the caller's transaction; the first answer to a question stays."""
    now = wall_time()
    rows = [
        {"prompt": found.prompt, "said": found.said, "model": found.model, "cut_off": found.cut_off, "created": now}
        for found in completions
        if not found.failure
    ]
    if rows:
        db.execute_many(_KEEP[db.is_sqlite], rows)


def forget_before(db: Database, moment: str) -> None:
    """Forget what was said before a moment."""
    with db.transaction():
        db.run(_FORGET_BEFORE, moment=moment)


def forget_oldest(db: Database, count: int = 1000) -> bool:
    """Forget the oldest; whether there were any."""
    with db.transaction():
        return db.run(_FORGET_OLDEST, count=count).rowcount > 0


def completions_of(step: Step) -> list[Completion]:
    """Everything that was said on the way to a step."""
    drafts: tuple[Draft | Step, ...] = (step, *(attempt.draft for attempt in step.attempts))
    return [found for draft in drafts for found in draft.completions]
