"""Train a tiny agent in a world: `python tests/env/trl/example.py FOLDER`, in the environment of `make train-env`.

Tasks are made from a world, TRL's GRPOTrainer plays them in its sessions, and the verdicts are the reward. The model is
made on the spot: a Qwen3 of some 100,000 weights that first learns, from the solutions of a few tasks, what a call
looks like. Prints one line of JSON: what every step came to.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1", "TOKENIZERS_PARALLELISM": "false"}

import torch
import trl
from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM
from transformers.utils import get_json_schema
from trl import GRPOConfig, GRPOTrainer

from mcp_sim.env import Environment, Reward, as_text, environment_class, rows
from mcp_sim.tasks import make_tasks
from schemas.contracts.task import Task
from schemas.load import load_world

WORLD = Path(__file__).with_name("lamps.yaml")
TEMPLATES = Path(trl.__file__).parent / "chat_templates"
WARM_UP = 200
"""Steps in which the model learns what a call looks like."""
STEPS = 4
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>",
           "</tool_response>", "<think>", "</think>"]  # fmt: skip


def main(folder: Path) -> None:
    """Make tasks, warm up, train, and print what came of it."""
    torch.manual_seed(1)
    random.seed(1)
    torch.set_num_threads(1)
    tasks = [task for task in make_tasks(load_world(WORLD), 60, seed=1) if task.kind == "change"]
    tasks = [task for task in tasks if task.difficulty.writes == 1 and task.difficulty.reads == 0][:24]
    environment = environment_class(tasks, worth=worth)
    probe = environment()
    tools = [get_json_schema(getattr(probe, name)) for name in ("list_lamps", "set_lamp")]
    talks = [talk(task) for task in tasks]
    tokenizer = tokenizer_for(json.dumps([tools, talks]))
    model = model_for(tokenizer)
    started = time.perf_counter()
    loss = warm_up(model, tokenizer, talks, tools)
    warmed = time.perf_counter() - started
    trainer = GRPOTrainer(
        model=model,
        args=GRPOConfig(
            output_dir=str(folder),
            max_steps=STEPS,
            per_device_train_batch_size=8,
            num_generations=4,
            max_completion_length=256,
            max_tool_calling_iterations=3,
            learning_rate=1e-4,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
        ),
        train_dataset=Dataset.from_list(rows(tasks)),
        environment_factory=environment,
        processing_class=tokenizer,
    )
    trainer.train()
    steps = [entry for entry in trainer.state.log_history if "reward" in entry]
    print(json.dumps({
        "tasks": len(tasks),
        "weights": model.num_parameters(),
        "warm_up": {"seconds": round(warmed, 1), "loss": round(loss, 3)},
        "steps": [{
            "reward": round(step["reward"], 3),
            "calls": step["tools/call_frequency"],
            "failures": step["tools/failure_frequency"],
            "seconds": round(step["step_time"], 2),
        } for step in steps],
    }))  # fmt: skip


def worth(reward: Reward) -> float:
    """Mostly the verdict; a little for having come closer."""
    return 0.8 * reward.value + 0.2 * reward.reached * reward.kept


def talk(task: Task) -> list[dict[str, Any]]:
    """How a task is solved, as a conversation, with the answers of a real session."""
    with Environment() as environment:
        messages: list[dict[str, Any]] = [{"role": "user", "content": environment.reset(task)}]
        for asked in task.path:
            function = {"name": asked.tool, "arguments": asked.arguments}
            messages.append(
                {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": function}]}
            )
            answer = as_text(environment.call(asked.tool, asked.arguments))
            messages.append({"role": "tool", "name": asked.tool, "content": answer})
        messages.append({"role": "assistant", "content": "Done."})
        assert environment.reward().passed
        return messages


def tokenizer_for(text: str) -> PreTrainedTokenizerFast:
    """A tokenizer of the words in a text, with the marks of Qwen3."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        [text],
        trainers.BpeTrainer(
            vocab_size=1500, special_tokens=SPECIAL[:3], initial_alphabet=alphabet, show_progress=False
        ),
    )
    tokenizer.add_tokens(SPECIAL[3:])
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="left"
    )
    made.chat_template = (TEMPLATES / "qwen3.jinja").read_text()
    return made


def model_for(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """A tiny model with random weights."""
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=96,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=24,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
        )
    )


def warm_up(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, talks: list[Any], tools: list[Any]) -> float:
    """Teach the model how a solution is written; gives the last loss."""
    template = (TEMPLATES / "qwen3_training.jinja").read_text()  # the same, with marks around what is learned
    encoded = [
        tokenizer.apply_chat_template(
            talk, tools=tools, chat_template=template, return_dict=True, return_assistant_tokens_mask=True
        )
        for talk in talks
    ]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loss = torch.tensor(0.0)
    for _ in range(WARM_UP):
        batch = random.sample(encoded, 4)
        length = max(len(one["input_ids"]) for one in batch)
        ids = torch.full((len(batch), length), tokenizer.pad_token_id)
        labels = torch.full((len(batch), length), -100)
        for row, one in enumerate(batch):
            given, mask = torch.tensor(one["input_ids"]), torch.tensor(one["assistant_masks"], dtype=torch.bool)
            ids[row, : len(given)] = given
            labels[row, : len(given)] = torch.where(mask, given, -100)
        loss = model(input_ids=ids, attention_mask=(ids != tokenizer.pad_token_id).long(), labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
