"""Secrets taken out of what is recorded. The same secret always leaves the same placeholder, so references hold."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from store.traces.names import is_secret_under, is_telling, secret_name
from store.traces.secrets import Span, cookie_spans, decoded, spans

_PLACEHOLDER = re.compile(r"REDACTED-[0-9a-f]{10}")
_BASE64 = re.compile(r"(?<![\w+/%-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=-])", re.ASCII)
_ESCAPED = re.compile(r"[^\s\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*")
_GUESSABLE = 20
"""Characters up to which a secret might be found by trying."""
_SHORT = 200
_SEPARATED = re.compile(r"\d[\d -]+\d", re.ASCII)
_PAIRS = ({"name", "value"}, {"key", "value"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret that was taken out.

    Attributes:
        pointer: JSON Pointer of the text, or of the member by whose name, that held it, in the redacted value.
        kind: what it was, e.g. `jwt` or `password`.
    """

    pointer: str
    kind: str


def redact(value: Any) -> tuple[Any, tuple[Finding, ...]]:
    """A JSON value without its secrets, and what was taken out of it; the value itself is left as it is.

    Secrets are known by their shape, by the name of their field, header, parameter or variable, and by being all
    chance; in keys, in texts, in URLs and in base64. A number that is one becomes a text.
    """
    return Redactor().redact(value)


class Redactor:
    """Takes secrets out of one value after another, and knows those again that it has met under a name."""

    def __init__(self) -> None:
        self._met: dict[str, str] = {}

    def redact(self, value: Any) -> tuple[Any, tuple[Finding, ...]]:
        """As `redact` does, and every secret as well that stood under its name in an earlier value."""
        for secret, kind in _named(value, None):
            if is_telling(secret) and not _PLACEHOLDER.search(secret):
                self._met.setdefault(secret, kind)
        found: dict[Finding, None] = {}
        return self._cleaned(value, "", None, found), tuple(found)

    def _cleaned(self, value: Any, at: str, kind: str | None, found: dict[Finding, None]) -> Any:
        if isinstance(value, dict):
            return self._object(value, at, kind, found)
        if isinstance(value, list | tuple):
            return [self._cleaned(part, f"{at}/{n}", kind, found) for n, part in enumerate(value)]
        if isinstance(value, bool) or not isinstance(value, str | int):
            return value
        return self._scalar(value, at, kind, found)

    def _object(self, value: dict[Any, Any], at: str, kind: str | None, found: dict[Finding, None]) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for name, part in value.items():
            key, taken = self._without(str(name))
            while key in cleaned:
                key += "-"
            pointer = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
            if taken:
                found.update(dict.fromkeys(Finding(pointer, one) for one in taken))
            cleaned[key] = self._cleaned(part, pointer, _kind(value, str(name), kind), found)
        return cleaned

    def _scalar(self, value: str | int, at: str, kind: str | None, found: dict[Finding, None]) -> str | int:
        text = str(value)
        if kind is not None and (isinstance(value, str) or kind == "password") and is_secret_under(kind, text):
            cleaned, taken = _replaced(text, _whole(text, kind))
        else:
            cleaned, taken = self._without(text, kind)
        if taken:
            found.update(dict.fromkeys(Finding(at, one) for one in taken))
        return value if cleaned == text else cleaned

    def _without(self, text: str, kind: str | None = None) -> tuple[str, list[str]]:
        """The text without its secrets, and their kinds."""
        known = [
            Span(*match.span(), met)
            for secret, met in self._met.items()
            if secret in text
            for match in re.finditer(rf"(?<!\w){re.escape(secret)}(?!\w)", text)
        ]
        found = _short(text, kind) if len(text) <= _SHORT else _secrets(text, kind)
        return _replaced(text, [*known, *found]) if known or found else (text, [])


@lru_cache(maxsize=16384)
def placeholder(secret: str) -> str:
    """What stands for a secret: it tells equal secrets from others, and cannot be turned back."""
    if _SEPARATED.fullmatch(secret):  # one card, however its number is written
        secret = re.sub("[ -]", "", secret)
    data = secret.encode(errors="surrogatepass")
    if len(data) <= _GUESSABLE:  # to try out all that people take for passwords has to cost
        return f"REDACTED-{hashlib.scrypt(data, salt=b'mcp-sim/redaction', n=2**12, r=8, p=1, dklen=5).hex()}"
    return f"REDACTED-{hashlib.blake2b(data, digest_size=5, key=b'mcp-sim/redaction').hexdigest()}"


def _kind(value: dict[Any, Any], name: str, inherited: str | None) -> str | None:
    """The kind of secret that a member holds: by its name, or by the name that a pair of name and value gives."""
    if value.keys() in _PAIRS or {"name", "value"} <= value.keys():
        if name != "value":
            return None
        told = value.get("name", value.get("key"))
        return (secret_name(told) if isinstance(told, str) else None) or inherited
    if inherited == "cookie" and isinstance(value[name], str) and any(map(str.isdigit, value[name])):
        return "cookie"
    return secret_name(name)


def _named(value: Any, kind: str | None) -> Iterator[tuple[str, str]]:
    """(secret, kind) of every text that stands under the name of a secret."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _named(part, _kind(value, name, kind) if isinstance(name, str) else None)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _named(part, kind)
    elif isinstance(value, str) and kind is not None and is_secret_under(kind, value):
        yield from ((value[span.start : span.end], span.kind) for span in _whole(value, kind))


def _whole(text: str, kind: str) -> list[Span]:
    """What is secret of a text that stands under the name of a secret of this kind."""
    if kind == "cookie":
        return list(cookie_spans(text)) or [Span(0, len(text), kind)]
    scheme, _, rest = text.partition(" ")
    if kind == "authorization" and rest.strip() and scheme.isalpha():
        return [
            Span(len(text) - len(rest), len(text), f"{scheme.lower()}-token" if scheme.lower() == "bearer" else kind)
        ]
    return [Span(0, len(text), kind)]


@lru_cache(maxsize=2**15)
def _short(text: str, kind: str | None) -> list[Span]:
    return _secrets(text, kind)  # names of fields and most values stand in a recording again and again


def _secrets(text: str, kind: str | None) -> list[Span]:
    return list(_found(text, kind))


def _found(text: str, kind: str | None) -> Iterator[Span]:
    """Every secret of a text, also those which are escaped for a URL or coded in base64."""
    yield from spans(text, kind)
    if "%" in text:
        for match in _ESCAPED.finditer(text):
            inner = unquote(match[0])
            for span in spans(inner) if inner != match[0] else ():
                coded = quote(inner[span.start : span.end], safe="")
                start = match[0].find(coded)
                at = match.span() if start < 0 else (match.start() + start, match.start() + start + len(coded))
                yield Span(*at, span.kind)
    for match in _BASE64.finditer(text):
        inside = next((span.kind for span in spans(decoded(match[0]), kind)), None)
        if inside is not None:
            yield Span(*match.span(), inside)


def _replaced(text: str, secrets: list[Span]) -> tuple[str, list[str]]:
    """The text with placeholders for these secrets, where they overlap with one for both; and their kinds."""
    joined: list[Span] = []
    for span in sorted(secrets, key=lambda span: (span.start, -span.end)):
        if _PLACEHOLDER.fullmatch(text, span.start, span.end):
            continue
        if joined and span.start < joined[-1].end:
            joined[-1] = joined[-1]._replace(end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    parts, at = [], 0
    for span in joined:
        parts += [text[at : span.start], placeholder(text[span.start : span.end])]
        at = span.end
    return "".join(parts) + text[at:], [span.kind for span in joined]
