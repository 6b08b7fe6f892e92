from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch

from trainer.checkpoint import load
from trainer.cpt import sft_trainer
from trainer.encode import IGNORED, Encoded, Encoder
from trainer.loop import Loop
from trainer.record import Record


def test_the_parts_of_a_packed_row_do_not_see_one_another(start: Path, played: list[Record], tmp_path: Path) -> None:
    model, tokenizer = load(start)
    encoder = Encoder(tokenizer)
    examples = tuple(example for record in played[:6] for example in encoder.encode(record))
    longest = 3 * max(len(example.ids) for example in examples)
    loop = Loop(steps=1, batch=2, rate=1e-3, length=longest, save_every=1)
    trainer = sft_trainer(model, tokenizer, Encoded(examples), loop, tmp_path)
    batch = next(iter(trainer.get_train_dataloader()))
    assert batch["input_ids"].shape[0] == 1
    assert "attention_mask" not in batch
    model.eval()
    with torch.no_grad():
        packed = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"]).logits[0]
    begins = [*(batch["position_ids"][0] == 0).nonzero().flatten().tolist(), packed.shape[0]]
    parts = [slice(begin, end) for begin, end in pairwise(begins)]
    assert len(parts) == len(examples)
    for part in parts:
        ids = batch["input_ids"][:, part]
        with torch.no_grad():
            alone = model(input_ids=ids).logits[0]
        assert torch.allclose(packed[part], alone, atol=1e-5)
        example = next(one for one in examples if list(one.ids) == ids[0].tolist())
        labels = batch["labels"][0, part].tolist()
        assert labels == [IGNORED, *example.labels[1:]]
