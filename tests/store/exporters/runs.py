"""Runs of every kind, for properties."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas.recorded import About, RecordedCall, RecordedMessage, RecordedRun, gathered

TEXTS = st.text(max_size=12)
NAMES = st.text("abcdef_", min_size=1, max_size=6)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)
TIMES = st.sampled_from(["", "2030-05-06T08:00:01Z", "2030-05-06T08:00:02+02:00", "later"])
TURNS = st.none() | st.integers(0, 3)

CALLS = st.builds(
    RecordedCall,
    trajectory=st.just(""),
    index=st.just(0),
    tool=NAMES,
    arguments=OBJECTS,
    text=TEXTS,
    is_error=st.booleans(),
    status=st.none() | st.integers(100, 599),
    structured=JSON,
    kind=st.sampled_from(["read", "write", "unknown"]),
    task=st.sampled_from(["", "task 1"]),
    domain=st.sampled_from(["", "boats"]),
    schema_key=st.sampled_from(["", "boats:look"]),
    call_id=st.sampled_from(["", "call_0", "call_1", "x"]),
    turn=TURNS,
    at=TIMES,
)
MESSAGES = st.one_of(
    st.builds(
        RecordedMessage,
        trajectory=st.just(""),
        role=st.sampled_from(["system", "user", "environment"]),
        text=TEXTS,
        at=TIMES,
    ),
    st.builds(
        RecordedMessage,
        trajectory=st.just(""),
        role=st.just("assistant"),
        text=TEXTS,
        reasoning=TEXTS,
        turn=TURNS,
        at=TIMES,
    ),
)
TOOLS = st.builds(
    lambda name, said: {"name": name, "inputSchema": {"type": "object"}, **said},
    NAMES,
    st.fixed_dictionaries({}, optional={"description": TEXTS, "title": TEXTS, "outputSchema": OBJECTS}),
)
ABOUT = st.builds(
    About,
    trajectory=st.just(""),
    tools=st.lists(TOOLS, max_size=2).map(tuple),
    task=st.sampled_from(["", "task 2"]),
    domain=st.sampled_from(["", "ships"]),
    facts=st.dictionaries(NAMES, JSON, max_size=2),
)


@st.composite
def runs(draw: Any) -> RecordedRun:
    """A run as an importer would put it together."""
    parts = draw(st.lists(CALLS | MESSAGES, min_size=1, max_size=6))
    return gathered(draw(NAMES), [draw(ABOUT), *parts])
