from __future__ import annotations

from pathlib import Path

import pytest
import trl
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_sim.worldmodel.wording import WORDINGS
from schemas.load import load_world
from trainer.checkpoint import SPELLED, check_tokenizer, load_tokenizer, make_tokenizer
from trainer.encode import DOCUMENT, IGNORED, Encoder
from trainer.errors import TrainingError
from trainer.play import Play, play
from trainer.recipes import LENDING
from trainer.record import Record, Turn

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
TOKENIZER = make_tokenizer(["the agent asks, the service answers", '{"id": "T-00017", "lit": true}'] * 20, 512)
QWEN = make_tokenizer(["the agent asks, the service answers"] * 20, 512)
QWEN.chat_template = (TEMPLATES / "qwen3.jinja").read_text()

texts = st.lists(
    st.sampled_from([*SPELLED, "\n", "\n\n", " ", "é", "👩‍🚀", "7", "a-17", "\0", "word"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    max_size=6,
).map("".join)


@st.composite
def conversations(draw: st.DrawFn) -> Record:
    pairs = draw(st.lists(st.tuples(texts, texts, st.booleans()), min_size=1, max_size=3))
    turns = [Turn("system", draw(texts))]
    for asked, told, learned in pairs[:-1]:
        turns += [Turn("user", asked), Turn("assistant", told, learned)]
    turns += [Turn("user", pairs[-1][0]), Turn("assistant", pairs[-1][1], True)]
    return Record("0" * 64, "next-observation", "v1", tuple(turns))


@given(conversations(), st.sampled_from(["", "It is there.\nIt only reads."]))
def test_only_what_the_environment_says_is_learned_byte_for_byte(record: Record, thought: str) -> None:
    [example] = Encoder(TOKENIZER).encode(record, thought)
    learned = [turn.content for turn in record.turns if turn.loss]
    learned[-1] = f"<think>\n{thought}\n</think>\n\n{learned[-1]}" if thought else learned[-1]
    kept = [token for token, label in zip(example.ids, example.labels, strict=True) if label != IGNORED]
    assert TOKENIZER.decode(kept) == "".join(f"{text}<|im_end|>" for text in learned)
    assert sum(example.learned) == len(kept)


@given(conversations(), st.booleans())
def test_what_stands_before_an_answer_is_token_for_token_what_a_server_is_sent(record: Record, thinks: bool) -> None:
    [example] = Encoder(TOKENIZER).encode(record, "Hm." if thinks else "")
    first = next(at for at, turn in enumerate(record.turns) if turn.loss)
    last = first == len(record.turns) - 1
    served = TOKENIZER.apply_chat_template(
        [{"role": turn.role, "content": turn.content} for turn in record.turns[:first]],
        add_generation_prompt=True,
        enable_thinking=thinks and last,
        return_dict=False,
    )
    assert list(example.ids[: len(served)]) == served
    assert example.learned[len(served)] == 1
    assert not any(example.learned[: len(served)])


@given(conversations())
def test_nothing_an_answer_says_becomes_a_control_token(record: Record) -> None:
    [example] = Encoder(TOKENIZER).encode(record)
    kept = [token for token, mark in zip(example.ids, example.learned, strict=True) if mark]
    stop, start, end = (TOKENIZER.convert_tokens_to_ids(token) for token in SPELLED[:3])
    assert start not in kept
    assert end not in kept
    assert kept.count(stop) == sum(turn.loss for turn in record.turns)


@given(conversations())
@settings(max_examples=40)
def test_a_template_that_tells_the_past_another_way_gives_an_example_for_each_learned_turn(record: Record) -> None:
    stripped = Record(
        record.id,
        record.intent,
        record.template,
        tuple(Turn(turn.role, f"x{turn.content.replace('</think>', '')}x", turn.loss) for turn in record.turns),
    )
    examples = Encoder(QWEN).encode(stripped)
    count = sum(turn.loss for turn in stripped.turns)
    assert len(examples) in (1, count)
    said = "".join(
        QWEN.decode([token for token, mark in zip(one.ids, one.learned, strict=True) if mark]) for one in examples
    )
    assert said == "".join(f"{turn.content}<|im_end|>" for turn in stripped.turns if turn.loss)


@pytest.mark.parametrize("template", sorted(WORDINGS))
def test_of_every_wording_the_observation_alone_is_learned(template: str, start: Path) -> None:
    tokenizer = load_tokenizer(start)
    for record in play(load_world(LENDING), Play(1, 12, prompt_tokens=1500, template=template)):
        [example] = Encoder(tokenizer).encode(record)
        kept = [token for token, mark in zip(example.ids, example.learned, strict=True) if mark]
        assert tokenizer.decode(kept) == f"{record.facts['answer']}<|im_end|>"
        assert record.template == template


@given(texts)
def test_a_document_is_learned_whole(text: str) -> None:
    [example] = Encoder(TOKENIZER).encode(Record("0" * 64, DOCUMENT, "v1", (Turn("assistant", text, True),)))
    assert all(example.learned)
    assert TOKENIZER.decode(example.ids) == f"{text}<|endoftext|>"


def test_digits_stand_alone() -> None:
    ids = Encoder(TOKENIZER).prompt_ids([{"role": "user", "content": "1234567 and 99"}])
    assert all(
        len(TOKENIZER.decode([token])) == 1 for token in ids if any(c.isdigit() for c in TOKENIZER.decode([token]))
    )


def test_a_template_that_does_not_fit_is_named() -> None:
    other = make_tokenizer(["words"], 512)
    other.chat_template = (
        "{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}A:{% endif %}"
    )
    record = Record("7" * 64, "next-observation", "v1", (Turn("user", "a"), Turn("assistant", "b", True)))
    with pytest.raises(TrainingError, match="does not fit the chat template of the model"):
        Encoder(other).encode(record)


def test_a_tokenizer_without_its_special_tokens_is_named() -> None:
    bare = make_tokenizer(["words"], 512)
    bare.chat_template = bare.chat_template.replace("<|im_start|>", "<|nowhere|><|im_start|>")
    bare.chat_template = None
    with pytest.raises(TrainingError, match="no chat template"):
        check_tokenizer(bare, "here")
    with pytest.raises(TrainingError, match="at least 261"):
        make_tokenizer(["words"], 260)


def test_a_record_without_a_learned_turn_is_named() -> None:
    with pytest.raises(TrainingError, match="no turn that is learned"):
        Encoder(TOKENIZER).encode(Record("5" * 64, "next-observation", "v1", (Turn("user", "a"),)))
    with pytest.raises(TrainingError, match="only turns of the assistant"):
        Encoder(TOKENIZER).encode(Record("5" * 64, "next-observation", "v1", (Turn("user", "a", True),)))
