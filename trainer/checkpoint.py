"""A world model as a folder: made from nothing in the shape of Qwen3, or taken from a checkpoint that is there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from trainer.errors import TrainingError
from trainer.priming import THETA, prime

END, START, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
THINK, THOUGHT = "<think>", "</think>"
_PART = 2**24
SPELLED = (STOP, START, END, THINK, THOUGHT)
TEMPLATE = Path(__file__).with_name("chat.jinja")
WORDS = r"\p{N}|[^\r\n\p{L}\p{N}]?\p{L}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""What no token spans the end of; every digit stands alone, so that numbers can be copied and counted."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a Qwen3.

    Attributes:
        window: how many tokens back a layer looks; None: all of them.
        primed: whether its first weights can copy, see `trainer.priming`.
    """

    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    head: int
    intermediate: int
    vocabulary: int = 4096
    positions: int = 8192
    window: int | None = None
    primed: bool = False

    @property
    def parameters(self) -> int:
        """How many weights it has, input and output embedding tied."""
        attention = self.hidden * self.head * (2 * self.heads + 2 * self.key_value_heads)
        block = attention + 3 * self.hidden * self.intermediate + 2 * self.hidden + 2 * self.head
        return self.vocabulary * self.hidden + self.layers * block + self.hidden


def make_tokenizer(texts: Iterable[str], vocabulary: int, positions: int = 8192) -> PreTrainedTokenizerFast:
    """Byte-level BPE, learned from the texts: any text survives the way there and back.

    Raises:
        TrainingError: the vocabulary has no room for every byte.
    """
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special, thoughts = [END, START, STOP], [THINK, THOUGHT]
    if vocabulary < len(alphabet) + len(special) + len(thoughts):
        raise TrainingError(
            f"a vocabulary of {vocabulary} tokens cannot spell every text; "
            f"give at least {len(alphabet) + len(special) + len(thoughts)}"
        )
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bare.decoder = decoders.ByteLevel()
    learner = trainers.BpeTrainer(
        vocab_size=vocabulary - len(thoughts),
        special_tokens=special,
        initial_alphabet=sorted(alphabet),
        show_progress=False,
    )
    bare.train_from_iterator(texts, learner)
    # Not special, else servers would take them out of what they send and nobody could tell thinking from answer.
    bare.add_tokens(thoughts)
    return PreTrainedTokenizerFast(
        tokenizer_object=bare,
        eos_token=STOP,
        pad_token=END,
        additional_special_tokens=[START],
        chat_template=TEMPLATE.read_text(encoding="utf-8").rstrip("\n"),
        model_max_length=positions,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def make_model(shape: Shape, tokenizer: Any, seed: int) -> Qwen3ForCausalLM:
    """Random weights that follow from the seed alone."""
    torch.manual_seed(seed)
    window = {} if shape.window is None else {"sliding_window": shape.window, "max_window_layers": 0}
    config = Qwen3Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        head_dim=shape.head,
        max_position_embeddings=shape.positions,
        use_sliding_window=shape.window is not None,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        dtype="float32",
        **window,
        **({"rope_parameters": {"rope_type": "default", "rope_theta": THETA}} if shape.primed else {}),
    )
    model = Qwen3ForCausalLM(config)
    if shape.primed:
        prime(model, seed)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def save(model: Any, tokenizer: Any, folder: Path, weights: Any = None) -> None:
    """Write a checkpoint that transformers and vLLM load: safetensors, tokenizer, chat template, generation config.

    Args:
        model: whose weights are written.
        tokenizer: of the model.
        folder: where to.
        weights: in place of the model's own, where they are split over several processes.
    """
    model.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)


def fetched(name: str) -> Path:
    """The folder of a checkpoint that is named by it, or by its name at Hugging Face.

    Raises:
        TrainingError: it is neither, or cannot be fetched.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.startswith(("/", ".", "~")) or name.count("/") != 1:
        raise TrainingError(f"there is no folder {name}: name the folder of a checkpoint, or one at Hugging Face")
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.jinja", "*.txt", "*.safetensors"]))
    except Exception as error:  # of the hub, of HTTP, of the disk
        raise TrainingError(f"there is no folder {name}, and it cannot be fetched: {_first_line(error)}") from None


def load(folder: Path, dtype: str = "float32") -> tuple[Any, Any]:
    """Model and tokenizer of a checkpoint.

    Raises:
        TrainingError: the folder holds none, or one whose tokenizer cannot speak in turns.
    """
    tokenizer = load_tokenizer(folder)
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    except Exception as error:  # safetensors, torch and transformers each have their own
        raise TrainingError(f"{folder} cannot be loaded: {_first_line(error)}") from None
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise TrainingError(
            f"{folder}: the tokenizer has {len(tokenizer)} tokens and the model {model.config.vocab_size}; "
            "take both from one checkpoint"
        )
    return model, tokenizer


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a checkpoint, checked.

    Raises:
        TrainingError: there is none, or it lacks what the turns of a chat need.
    """
    if not (folder / "config.json").is_file():
        raise TrainingError(f"{folder} holds no checkpoint: it has no config.json")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except Exception as error:
        raise TrainingError(f"the tokenizer of {folder} cannot be loaded: {_first_line(error)}") from None
    check_tokenizer(tokenizer, str(folder))
    return tokenizer


def check_tokenizer(tokenizer: Any, where: str) -> None:
    """Make sure that a tokenizer can speak in turns.

    Raises:
        TrainingError: it lacks a chat template or a token that the turns need.
    """
    if not tokenizer.chat_template:
        raise TrainingError(f"{where}: the tokenizer has no chat template; give the checkpoint a chat_template.jinja")
    unknown = tokenizer.unk_token_id
    for token in (START, STOP):
        if token in tokenizer.chat_template and tokenizer.convert_tokens_to_ids(token) in (None, unknown):
            raise TrainingError(f"{where}: the tokenizer lacks the token '{token}' that its chat template writes")
    if tokenizer.eos_token is None:
        raise TrainingError(f"{where}: the tokenizer names no end-of-turn token (eos_token)")
    if tokenizer.pad_token is None:
        raise TrainingError(f"{where}: the tokenizer names no token to pad with (pad_token)")


def weights_hash(folder: Path) -> str:
    """SHA-256 over the weights of a checkpoint, names included."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(file.name.encode())
        with file.open("rb") as weights:
            while part := weights.read(_PART):
                digest.update(part)
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
