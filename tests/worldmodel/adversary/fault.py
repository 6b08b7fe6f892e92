"""What can be wrong with an answer: one name per way, each done by one function in `lies` or `mishaps`."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """One way to misbehave. NONE is an honest answer."""

    NONE = "none"

    INVENTED_IDS = "invented-ids"
    STALE_IDS = "stale-ids"
    WRONG_TYPES = "wrong-types"
    MISSING_FIELDS = "missing-fields"
    EXTRA_FIELDS = "extra-fields"
    TRUNCATED_JSON = "truncated-json"
    INVALID_JSON = "invalid-json"
    OUT_OF_RANGE = "out-of-range"
    DUPLICATE_KEYS = "duplicate-keys"
    DEEP_NESTING = "deep-nesting"
    UNICODE_GARBAGE = "unicode-garbage"
    OTHER_TOOL = "other-tool"
    EMPTY_TEXT = "empty-text"
    PROSE = "prose"
    BROKEN_CHARACTER = "broken-character"
    PRAISE = "praise"
    FENCED = "fenced"
    THINKING = "thinking"
    THINK_TAGS = "think-tags"

    ENDLESS_TEXT = "endless-text"
    HANG = "hang"
    SLOW_FIRST_TOKEN = "slow-first-token"
    DRIP = "drip"
    DROP_BEFORE_HEADERS = "drop-before-headers"
    DROP_MID_STREAM = "drop-mid-stream"
    DROP_MID_JSON = "drop-mid-json"
    RESET = "reset"
    TOO_MANY_REQUESTS = "too-many-requests"
    SERVER_ERROR = "server-error"
    UNAVAILABLE = "unavailable"
    HTML_PAGE = "html-page"
    WRONG_CONTENT_TYPE = "wrong-content-type"
    MALFORMED_SSE = "malformed-sse"
    ERROR_IN_STREAM = "error-in-stream"
    INVALID_UTF8 = "invalid-utf8"
    CHANGED_MODEL = "changed-model"


ALL: tuple[Fault, ...] = tuple(fault for fault in Fault if fault is not Fault.NONE)
"""Everything but honesty."""

HARMLESS: frozenset[Fault] = frozenset(
    {Fault.NONE, Fault.PRAISE, Fault.FENCED, Fault.THINKING, Fault.THINK_TAGS, Fault.DRIP, Fault.SLOW_FIRST_TOKEN}
    | {Fault.WRONG_CONTENT_TYPE, Fault.CHANGED_MODEL}
)
"""The right data is in the answer; a patient client that looks closely finds it."""

SLOW: frozenset[Fault] = frozenset({Fault.HANG, Fault.SLOW_FIRST_TOKEN, Fault.DRIP, Fault.ENDLESS_TEXT})
"""The answer takes time, or for ever: until `release()`, a limit, or the client's patience ends it."""

STREAM_ONLY: frozenset[Fault] = frozenset({Fault.DROP_MID_STREAM, Fault.MALFORMED_SSE, Fault.ERROR_IN_STREAM})
"""There is no such thing in an answer that comes in one piece."""
