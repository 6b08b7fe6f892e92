"""What every stage asks of the training loops of transformers and TRL: settings, lasting checkpoints, an end to NaN."""

from __future__ import annotations

import logging
import math
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from safetensors import SafetensorError
from transformers import PrinterCallback, TrainerCallback, TrainerState

from trainer.durable import UNFINISHED, checkpoints, settle
from trainer.errors import TrainingError
from trainer.ranks import is_first
from trainer.stage import Stage

_log = logging.getLogger("trainer")
KEPT = 2
"""Checkpoints that a stage keeps."""


@dataclass(frozen=True, slots=True)
class Loop:
    """How a stage trains.

    Attributes:
        steps: of the optimizer.
        batch: sequences in a step of one process.
        rate: highest learning rate.
        length: tokens of a sequence.
        save_every: steps between two checkpoints.
        warmup: steps until the learning rate is highest.
        accumulate: batches that one step sums up.
        seed: of the order of the data, and of whatever is sampled.
        threads: of the CPU; fixed, because sums depend on it. 0 leaves it to torch.
        bf16: whether to compute in bfloat16.
        recompute: whether to save memory by computing activations twice.
        lora: rank of the adapters that are trained in place of the weights; 0 trains the weights.
        packed: whether examples share rows; on a CPU, a small model is faster with a row for each.
        shards: processes that weights, gradients and optimizer are split over, by FSDP; 1 keeps them whole.
        trackers: `tensorboard`, `wandb`, `trackio`: where to log as well.
    """

    steps: int
    batch: int
    rate: float
    length: int
    save_every: int
    warmup: int = 0
    accumulate: int = 1
    seed: int = 0
    threads: int = 2
    bf16: bool = False
    recompute: bool = False
    lora: int = 0
    packed: bool = True
    shards: int = 1
    trackers: tuple[str, ...] = ()

    @property
    def dtype(self) -> str:
        """Of the weights: half precision where they are only read."""
        return "bfloat16" if self.lora and self.bf16 else "float32"

    def adapter(self) -> Any:
        """The configuration of the adapters; None if the weights are trained."""
        if not self.lora:
            return None
        return LoraConfig(r=self.lora, lora_alpha=2 * self.lora, target_modules="all-linear", task_type="CAUSAL_LM")

    def arguments(self, folder: Path) -> dict[str, Any]:
        """The same in the words of transformers."""
        return {
            "output_dir": str(folder),
            "max_steps": self.steps,
            "per_device_train_batch_size": self.batch,
            "gradient_accumulation_steps": self.accumulate,
            "learning_rate": self.rate,
            "lr_scheduler_type": "cosine",
            "warmup_steps": self.warmup,
            "max_grad_norm": 1.0,
            "adam_beta2": 0.98,
            "weight_decay": 0.01,
            "seed": self.seed,
            "logging_steps": 1,
            "logging_nan_inf_filter": False,
            "save_strategy": "steps",
            "save_steps": self.save_every,
            "save_total_limit": None,
            "report_to": list(self.trackers) or "none",
            "disable_tqdm": True,
            "use_cpu": not torch.cuda.is_available(),
            "bf16": self.bf16,
            "gradient_checkpointing": self.recompute and self.shards == 1,
            **({} if self.shards == 1 else {"fsdp": True, "fsdp_config": {"activation_checkpointing": self.recompute}}),
            "dataloader_pin_memory": torch.cuda.is_available(),
        }

    def begin(self) -> None:
        """Make what follows repeatable: the number of threads, and algorithms whose sums have one order."""
        if self.threads:
            torch.set_num_threads(self.threads)
        torch.manual_seed(self.seed)

    def told(self) -> dict[str, Any]:
        """The settings that decide what comes out; other trackers, or more GPUs, make no other run of it."""
        return {name: value for name, value in asdict(self).items() if name not in ("trackers", "shards")}


class Durable:
    """A trainer whose checkpoints are whole or not there: mix it in before a trainer of TRL."""

    args: Any
    state: Any
    accelerator: Any
    _aside: Path | None = None

    def _get_output_dir(self, trial: Any) -> str:
        found: str = super()._get_output_dir(trial)  # type: ignore[misc]  # of the trainer that it is mixed into
        return found if self._aside is None else str(self._aside)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        home = Path(self.args.output_dir)
        name = f"checkpoint-{self.state.global_step}"
        first = self.args.process_index == 0
        if first:
            shutil.rmtree(home / UNFINISHED, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        self._aside = home / UNFINISHED
        try:
            super()._save_checkpoint(model, trial)  # type: ignore[misc]  # of the trainer that it is mixed into
            self.accelerator.wait_for_everyone()
            if first:
                settle(home / UNFINISHED / name, home / name)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise TrainingError(
                f"step {self.state.global_step} could not be saved in {home}: {_first_line(error)}; {rest(home)}"
            ) from None
        finally:
            self._aside = None
            if first:
                shutil.rmtree(home / UNFINISHED, ignore_errors=True)
        if first:
            for older in checkpoints(home)[:-KEPT]:
                shutil.rmtree(older)

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """The card is written at the end of the run, where all of it is known."""


class Sound(TrainerCallback):
    """Ends a stage whose loss or gradient is no number, before such weights are saved."""

    def on_log(self, args: Any, state: Any, _: Any, logs: dict[str, Any] | None = None, **__: Any) -> None:
        """Look at what one step logged."""
        for name in ("loss", "grad_norm"):
            value = (logs or {}).get(name)
            if isinstance(value, float) and not math.isfinite(value):
                raise TrainingError(
                    f"step {state.global_step}: the {name.replace('_', ' ')} is {value}, no number; "
                    f"{rest(Path(args.output_dir))}; lower the learning rate ({args.learning_rate:g})"
                )


class Progress(TrainerCallback):
    """Tells twenty times in a stage how far it is."""

    def on_log(self, _: Any, state: Any, __: Any, logs: dict[str, Any] | None = None, **___: Any) -> None:
        """Say what a step came to."""
        told = {name: (logs or {}).get(name) for name in ("loss", "reward")}
        often = max(state.max_steps // 20, 1)
        if told["loss"] is not None and (state.global_step % often == 0 or state.global_step == state.max_steps):
            parts = [f"{name} {float(value):.4f}" for name, value in told.items() if value is not None]
            _log.info("step %d of %d: %s", state.global_step, state.max_steps, ", ".join(parts))


class Begun(TrainerCallback):
    """Knows whether a step was begun: what fails before it, fails at reading the checkpoint."""

    yes = False

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Note it."""
        self.yes = True


def train(trainer: Any, folder: Path) -> list[dict[str, Any]]:
    """Run a trainer to its last step, from the last checkpoint if there is one; gives what each step logged.

    Raises:
        TrainingError: the loss is no number, a checkpoint cannot be saved or read, or the memory is full.
    """
    begun = Begun()
    for own in (Sound(), Progress(), begun):
        trainer.add_callback(own)
    trainer.remove_callback(PrinterCallback)
    before = checkpoints(folder)
    try:
        if before and before[-1].name == f"checkpoint-{trainer.args.max_steps}":
            _restore(trainer, before[-1])
        else:
            trainer.train(resume_from_checkpoint=str(before[-1]) if before else None)
    except torch.cuda.OutOfMemoryError:
        raise TrainingError(
            f"the GPU has too little memory for {trainer.args.per_device_train_batch_size} sequences at once; "
            f"{rest(folder)}; take a smaller batch"
        ) from None
    except Exception as error:  # what reads a checkpoint raises errors of the disk, of JSON, of pickles, of tensors
        if not before or begun.yes:
            raise
        older = f"goes on from {before[-2].name}" if before[1:] else "begins the stage anew"
        told = f"{before[-1]} cannot be read: {_first_line(error)}; delete it, and the same command {older}"
        raise TrainingError(told) from None
    return [entry for entry in trainer.state.log_history if "loss" in entry]


def _restore(trainer: Any, last: Path) -> None:
    """Take a checkpoint after which nothing is left to do: `train` would take one step more."""
    trainer._load_from_checkpoint(str(last))
    trainer.state = TrainerState.load_from_json(str(last / "trainer_state.json"))


def finished(trainer: Any, stage: Stage, tokenizer: Any, metrics: dict[str, Any]) -> dict[str, Any]:
    """Keep what a trainer made; of several processes, the first does."""
    weights = trainer.accelerator.get_state_dict(trainer.model) if trainer.is_fsdp_enabled else None
    if is_first():
        stage.finish(trainer.model, tokenizer, metrics, weights)
    trainer.accelerator.wait_for_everyone()
    return stage.metrics or {}


def rest(folder: Path) -> str:
    """What is left of a stage that ended early, in words."""
    kept = checkpoints(folder)
    return f"{kept[-1].name} is whole, and the same command goes on from there" if kept else "nothing was saved before"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
