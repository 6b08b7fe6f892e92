"""Reinforcement learning: one answer to one question of each trajectory, rewarded by rubric and rules; GSPO, or GRPO.

Records -> one random turn of each trajectory -> groups of sampled answers -> `trainer.rewards` -> TRL's GRPOTrainer ->
a checkpoint. Trajectories share their beginnings, so several turns of one would make groups alike.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from datasets import Dataset
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from trainer import checkpoint
from trainer.cases import Case, Cases
from trainer.cpt import need_of
from trainer.encode import Encoder
from trainer.errors import TrainingError
from trainer.loop import Durable, Loop, finished, train
from trainer.memory import check_memory
from trainer.monitors import alarms
from trainer.ranks import processes
from trainer.record import Record, read_records
from trainer.rejection import asked
from trainer.rewards import RUBRIC, RULES, Judge, Means, Worth, worth
from trainer.stage import Stage, file_hash

_log = logging.getLogger("trainer")
_SHOWN = ("reward", "rewards/rubric/mean", "rewards/rules/mean", "completions/mean_length", "loss")


@dataclass(frozen=True, slots=True)
class Learning:
    """How answers are sampled and learned from.

    Attributes:
        group: answers to one question.
        longest: tokens of an answer.
        rounds: steps of the optimizer that one round of sampling is learned from.
        temperature: of the sampling.
        algorithm: `gspo` weighs whole answers, `grpo` each token.
        thinking: whether the model thinks before it answers.
        vllm: where answers are sampled: empty, by the library itself; `colocate`, by vLLM on the same GPU; or the URL
            of a vLLM server.
    """

    group: int = 4
    longest: int = 256
    rounds: int = 4
    temperature: float = 1.0
    algorithm: Literal["gspo", "grpo"] = "gspo"
    thinking: bool = False
    vllm: str = ""

    def arguments(self, loop: Loop) -> dict[str, Any]:
        """The same in the words of TRL, for a loop whose batches it fills."""
        gspo = {"importance_sampling_level": "sequence", "loss_type": "grpo", "epsilon": 3e-4, "epsilon_high": 4e-4}
        where = (
            {"vllm_mode": "server", "vllm_server_base_url": self.vllm}
            if "://" in self.vllm
            else {"vllm_mode": "colocate"}
        )
        return {
            "num_generations": self.group,
            "max_completion_length": self.longest,
            "steps_per_generation": self.rounds * loop.accumulate,
            "temperature": self.temperature,
            "beta": 0.0,
            "reward_weights": [RUBRIC, RULES],
            "chat_template_kwargs": {"enable_thinking": self.thinking},
            **(gspo if self.algorithm == "gspo" else {"importance_sampling_level": "token"}),
            **({"use_vllm": True, **where} if self.vllm else {}),
        }


class Trainer(Durable, GRPOTrainer):
    """TRL's trainer with checkpoints that last."""


def rl(
    stage: Stage,
    start: Path,
    records: Path,
    loop: Loop,
    learning: Learning,
    traces: Path | None = None,
    judge: Judge | None = None,
) -> dict[str, Any]:
    """Train the checkpoint `start` on its own answers; goes on where an earlier call was interrupted.

    Returns:
        What it came to: the rewards of the first and the last steps, part by part, `questions`, and `alarms`.

    Raises:
        TrainingError: there is nothing to answer, or training cannot go on.
        RecordError: the file holds no records.
    """
    check_boundaries(loop, learning)
    settings = {
        "stage": "rl",
        "start": checkpoint.weights_hash(start),
        "records": file_hash(records),
        "learning": asdict(learning),
        **loop.told(),
    }
    if not stage.begin(settings):
        return stage.metrics or {}
    loop.begin()
    model, tokenizer = checkpoint.load(start, loop.dtype)
    encoder, cases = Encoder(tokenizer), Cases(traces)
    longest = loop.length - learning.longest
    chosen = one_of_each(read_records(records), loop.seed)
    fitting = {
        record.id: cases.of(record)
        for record in chosen
        if len(encoder.prompt_ids(asked(record), thinking=learning.thinking)) <= longest
    }
    if not fitting:
        told = f"none of {len(chosen)} questions fits into {longest} tokens" if chosen else f"{records} asks nothing"
        raise TrainingError(f"rl: {told}")
    scorer = Scorer(fitting, judge)
    trainer = Trainer(
        model=model,
        reward_funcs=[scorer.rubric, scorer.rules],
        args=GRPOConfig(**loop.arguments(stage.folder), **learning.arguments(loop), shuffle_dataset=False),
        train_dataset=Dataset.from_list(
            [{"prompt": asked(fitting[name].record), "record": name} for name in _order(list(fitting), loop, learning)]
        ),
        processing_class=tokenizer,
        callbacks=[Watch()],
        peft_config=loop.adapter(),
    )
    check_memory(need_of(trainer.model, loop))
    log = train(trainer, stage.folder)
    return finished(trainer, stage, tokenizer, {**_summary(log), "questions": len(fitting)})


def one_of_each(records: Iterable[Record], seed: int) -> list[Record]:
    """One turn of each trajectory that tells its answer, drawn by the seed; in the order of the trajectories."""
    best: dict[str, tuple[bytes, Record]] = {}
    for record in records:
        if "answer" not in record.facts:
            continue
        drawn = hashlib.sha256(f"{seed}/{record.id}".encode()).digest()
        if record.trajectory not in best or drawn < best[record.trajectory][0]:
            best[record.trajectory] = drawn, record
    return [record for _, record in best.values()]


class Scorer:
    """The two reward functions; both tell of the same look at the answers."""

    def __init__(self, cases: dict[str, Case], judge: Judge | None) -> None:
        self._cases = cases
        self._judge = judge
        self._last: tuple[tuple[str, ...], list[Worth]] = ((), [])

    def rubric(self, completions: Sequence[Any], record: Sequence[str], **more: Any) -> list[float | None]:
        """From 0 to 1 for each answer; None where the judge failed."""
        return [one.rubric for one in self._worth(completions, record, more.get("log_metric"))]

    def rules(self, completions: Sequence[Any], record: Sequence[str], **_: Any) -> list[float | None]:
        """1 for each answer that breaks no rule, else 0; None where the judge failed."""
        return [one.rules for one in self._worth(completions, record)]

    def _worth(
        self, completions: Sequence[Any], records: Sequence[str], tell: Callable[[str, float], None] | None = None
    ) -> list[Worth]:
        texts = tuple(_text(completion) for completion in completions)
        if self._last[0] != (*records, *texts):
            cases = [self._cases[name] for name in records]
            self._last = (*records, *texts), worth(list(zip(cases, texts, strict=True)), self._judge)
        found = self._last[1]
        if tell is not None:
            means = Means()
            for one in found:
                means.add(one)
            each = means.each()
            for name, value in each.items():
                if name.startswith(("rubric/", "rules/")) or name == "valid":
                    tell(f"parts/{name}", value)
            tell("monitor/reward_all", each.get("reward_all", 0.0))
            if "reward" in each:
                tell("monitor/reward_completed", each["reward"])
        return found


class Watch(TrainerCallback):
    """Says when something goes wrong without an error, once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def on_log(self, _: Any, state: Any, *__: Any, **___: Any) -> None:
        """Look at what the steps so far logged."""
        for alarm in alarms(state.log_history):
            kind = alarm.partition(" ")[0]
            if kind not in self._told:
                self._told.add(kind)
                _log.warning("step %d: %s", state.global_step, alarm)


def _order(names: list[str], loop: Loop, learning: Learning) -> list[str]:
    """The questions of all rounds in their order, so that no epoch ends: the sampler of TRL forgets how it went on."""
    rounds = -(-loop.steps // learning.rounds)
    needed = rounds * _answers(loop, learning) * processes() // learning.group
    ordered: list[str] = []
    while len(ordered) < needed:
        again = sorted(names)
        Random(f"{loop.seed}/{len(ordered)}").shuffle(again)  # noqa: S311 - repeatable on purpose
        ordered += again
    return ordered[:needed]


def check_boundaries(loop: Loop, learning: Learning) -> None:
    """Make sure that groups are whole, and that checkpoints fall between rounds.

    Raises:
        TrainingError: they do not.
    """
    if loop.save_every % learning.rounds:
        raise TrainingError(
            f"rl: a checkpoint after every {loop.save_every} steps falls into a round of {learning.rounds}, which "
            f"could not be gone on with exactly: take a multiple of {learning.rounds}"
        )
    if _answers(loop, learning) % learning.group:
        raise TrainingError(
            f"rl: {loop.batch * loop.accumulate} answers a step and {learning.rounds} steps a round make no whole "
            f"groups of {learning.group} answers"
        )


def _answers(loop: Loop, learning: Learning) -> int:
    """Answers of one process in a round."""
    return loop.batch * loop.accumulate * learning.rounds


def _text(completion: Any) -> str:
    return completion if isinstance(completion, str) else str(completion[-1]["content"])


def _summary(log: list[dict[str, Any]]) -> dict[str, Any]:
    rounds = [entry for entry in log if "reward" in entry]
    tenth = max(len(rounds) // 10, 1)
    named = {name for entry in rounds for name in entry}
    names = sorted(name for name in named if name in _SHOWN or name.startswith(("parts/", "monitor/")))
    return {
        "steps": len(log),
        "first": {name: _mean(rounds[:tenth], name) for name in names},
        "last": {name: _mean(rounds[-tenth:], name) for name in names},
        "rewards": [entry["reward"] for entry in rounds if entry["reward"] is not None],
        "alarms": alarms(log),
    }


def _mean(log: list[dict[str, Any]], name: str) -> float | None:
    found = [entry[name] for entry in log if entry.get(name) is not None]
    return sum(found) / len(found) if found else None
