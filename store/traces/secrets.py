"""What secrets look like: by their own shape, by the name that they stand under, by being all chance."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from store.traces.names import OF_CHANCE, is_secret_under, secret_name
from store.traces.shapes import SHAPES

_MOST_CHANCE = 200
"""Characters of a word that may be a key; more is content: an image, a document."""


class Span(NamedTuple):
    """Where in a text a secret is, and of what kind."""

    start: int
    end: int
    kind: str


_WORDS = (
    r"(?:password|passwd|passphrase|passcode|pwd|client[_-]?secret|secret|api[_-]?key|"
    r"(?:access|secret|private|signing|encryption|auth|account)[_-]?key|"
    r"(?:access|refresh|auth|id|session|bearer|security|csrf|xsrf|api|oauth|private|personal[_-]?access)[_-]?token|"
    r"token|authorization|credentials?|jsessionid|phpsessid|sessionid|signature|sig)"
)
_NAMED = rf"[\w.-]{{0,40}}?{_WORDS}"
_LIKELY = re.compile(rf"(?i){_WORDS}(?:\\*[\"'])?\s{{0,4}}[:=]", re.ASCII)
"""What `_QUOTED` and `_ASSIGNED` cannot do without, found much faster."""
_QUOTED = re.compile(
    rf"(?i)(?P<open>\\*[\"'])(?P<name>{_NAMED})(?P=open)\s{{0,4}}[:=]\s{{0,4}}(?P=open)(?P<secret>(?:(?!(?P=open)).){{1,4000}})",
    re.ASCII | re.DOTALL,
)
_ASSIGNED = re.compile(
    rf"(?i)(?<![\w-])(?P<name>{_NAMED})(?P<sign>=|:[ \t]{{1,3}}|[ \t]=[ \t])[\"'`]?"
    r"(?P<secret>[^\s\"'`&;,<>()\[\]{}]{4,400})",
    re.ASCII,
)
_TAGGED = re.compile(
    rf"(?i)<(?P<name>[\w.:-]{{0,40}}?{_WORDS})(?:\s[^<>]{{0,200}})?>(?P<secret>[^<>]{{4,400}})</", re.ASCII
)
_FLAG = re.compile(
    rf"(?i)(?<![\w-])--?(?P<name>[\w-]{{0,40}}?{_WORDS})[ \t]+[\"'`]?"
    r"(?P<secret>[^\s\"'`<>\[\]{}-][^\s\"'`]{3,399})",
    re.ASCII,
)
_USER = re.compile(r"(?<![\w-])(?:-u|--user)[ =][\"']?[^\s:\"']{1,100}:(?P<secret>[^\s\"']{4,400})", re.ASCII)
_TOLD = re.compile(
    r"(?i)\b(?:password|passphrase|passcode|api key|secret)(?: (?:is|was|to|of)(?: |: ?)|: ?)[\"'`]?"
    r"(?P<secret>(?=[^\s\"'`]*[\d!@#$%^&*])(?=[^\s\"'`]*[a-z])[^\s\"'`,;<>()\[\]{}]{5,100})",
    re.ASCII,
)
_MARKS = re.compile(r"(?i)pass|pwd|secret|key|token|auth|credential|sessi|sig|-u[ =]|--user", re.ASCII)
_CARD = re.compile(
    r"(?<![\w.+-])(?:(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6(?:011|4[4-9]\d|5\d\d))([ -]?)\d{4}\1\d{4}\1\d{4}"
    r"|3[47]\d\d([ -]?)\d{6}\2\d{5}|3[068]\d\d([ -]?)\d{6}\3\d{4})(?![\w-]|\.\d)",
    re.ASCII,
)
_WORD = re.compile(r"[A-Za-z0-9+/_=-]{24,}", re.ASCII)
_PLAIN = re.compile(r"[0-9a-fA-F-]+|[A-Z0-9_-]+|[a-z0-9_-]+|[A-Za-z_/-]+|[\d:TZ.+_-]+", re.ASCII)
"""Hashes, uuids, names of constants, slugs, words, times: what one class of letters writes is not all chance."""

_HINTS = tuple(dict.fromkeys(hint for shape in SHAPES for hint in shape.hints))
_COOKIE = re.compile(r"(?P<name>[^\s=;,]+)=(?P<value>[^;\s]+)", re.ASCII)
_ATTRIBUTES = {"path", "domain", "expires", "max-age", "samesite"}


def cookie_spans(header: str, start: int = 0) -> Iterator[Span]:
    """The values of the cookies in a header that begins at `start`."""
    for match in _COOKIE.finditer(header):
        if match["name"].lower() not in _ATTRIBUTES:
            first, last = match.span("value")
            yield Span(start + first, start + last, "cookie")


def spans(text: str, kind: str | None = None) -> Iterator[Span]:
    """Every secret in a text by its shape or by the name before it; they may overlap.

    A text under a name of the kind `OF_CHANCE` may well be all chance, or a number that could be one of a card.
    """
    yield from _shaped(text)
    if _MARKS.search(text):
        yield from _named(text)
    if kind != OF_CHANCE:
        yield from _cards(text)
        yield from _chance(text) if len(text) >= 24 else ()


def _shaped(text: str) -> Iterator[Span]:
    hinted = {hint for hint in _HINTS if hint in text}
    for kind, hints, pattern in SHAPES if hinted else ():
        if not hinted.isdisjoint(hints):
            for match in pattern.finditer(text):
                if kind == "basic-auth" and ":" not in decoded(match["secret"]):
                    continue
                if kind == "cookie":
                    yield from cookie_spans(match["secret"], match.start("secret"))
                else:
                    yield Span(*match.span("secret"), kind)


def _named(text: str) -> Iterator[Span]:
    if _LIKELY.search(text):
        yield from _under_names(text)
    for pattern in (_TAGGED, _FLAG) if "</" in text or "--" in text else ():
        for match in pattern.finditer(text):
            kind = secret_name(match["name"])
            if kind is not None and is_secret_under(kind, match["secret"]) and _is_mixed(match["secret"]):
                yield Span(*match.span("secret"), kind)
    for match in _USER.finditer(text):
        if not match["secret"].isdigit():
            yield Span(*match.span("secret"), "password")
    for match in _TOLD.finditer(text):
        yield Span(*match.span("secret"), "password")


def _under_names(text: str) -> Iterator[Span]:
    for match in _nested(_QUOTED, text):
        kind = secret_name(match["name"])
        if kind is not None and is_secret_under(kind, match["secret"]):
            yield Span(*match.span("secret"), kind)
    for match in _ASSIGNED.finditer(text):
        kind = secret_name(match["name"]) or ("secret" if match["name"].lower() in ("sig", "signature") else None)
        is_prose = match["sign"].strip() != "="
        if kind is not None and is_secret_under(kind, match["secret"]) and (not is_prose or _is_mixed(match["secret"])):
            yield Span(*match.span("secret"), kind)


def _nested(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Every match, also those inside of what an earlier one took for the secret: JSON stands in JSON."""
    at = 0
    while (match := pattern.search(text, at)) is not None:
        yield match
        at = match.start("secret")


def _cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        if _passes_luhn(match[0]):
            yield Span(*match.span(), "card-number")


def _chance(text: str) -> Iterator[Span]:
    for match in _WORD.finditer(text):
        if is_chance(match[0]):
            yield Span(*match.span(), "high-entropy")


def is_chance(word: str) -> bool:
    """Whether a word of 24 to 200 characters is as random as a key: all three classes, hardly a letter twice."""
    if not 24 <= len(word) <= _MOST_CHANCE or _PLAIN.fullmatch(word):
        return False
    body = word.rstrip("=")
    upper, lower, digits = (sum(map(test, body)) for test in (str.isupper, str.islower, str.isdigit))
    if min(upper, lower) < 3 or digits < 2 or _changes(body) < 0.45 * len(body):
        return False
    return entropy(body) >= min(4.5, math.log2(len(body)) * 0.85)


def entropy(word: str) -> float:
    """Bits per character, by how often each character occurs."""
    size = len(word)
    return -sum(count / size * math.log2(count / size) for count in Counter(word).values())


def _changes(word: str) -> int:
    """How often the class of characters changes from one to the next; chance changes it every other time."""
    classes = ["u" if c.isupper() else "l" if c.islower() else "d" if c.isdigit() else "o" for c in word]
    return sum(left != right for left, right in pairwise(classes))


def decoded(coded: str) -> str:
    """The text that base64 holds; nothing where it holds none."""
    body = coded.rstrip("=")
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_" if set(body) & set("-_") else None)
        text = data.decode()
    except (ValueError, binascii.Error):
        return ""
    return text if not any(c < " " and c not in "\t\r\n" for c in text) else ""


def _is_mixed(value: str) -> bool:
    return len(value) >= 6 and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _passes_luhn(text: str) -> bool:
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0
