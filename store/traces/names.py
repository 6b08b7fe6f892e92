"""Names under which secrets stand, and whether what stands there is one."""

from __future__ import annotations

import re
from functools import lru_cache

OF_CHANCE = "of-chance"
"""What ids, hashes and cursors are, and tokens of pages."""

_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_SECRET = re.compile("ids?|uuid|guid|hash|sha|sha1|sha256|md5|digest|checksum|etag|cursor|fingerprint")
_PASSWORD = re.compile("passwords?|passwd|passphrase|passcode|pwd|cvv|cvc|csc|otp|securitycode")
_SECRET = re.compile(
    "secrets?|credentials?|jwt|bearer|"
    "(?:api|private|secret|access|signing|encryption|auth|session|account|app|application|master|subscription)keys?"
)
_TOKEN_OF = re.compile(
    "access|refresh|auth|id|session|bearer|security|csrf|xsrf|api|oauth2?|private|personal|user|client|bot|app|device|"
    "push|service|login|reset|verification|registration|secret|identity|web|webhook|deploy|admin"
)
_EMPTY = re.compile(r"(?i)[*•x.]+|<[^<>]*>|\{\{?[^{}]*\}?\}|\$\{?\w+\}?|null|none|true|false|string|undefined|redacted")


@lru_cache(maxsize=8192)
def secret_name(name: str) -> str | None:
    """The kind of secret that a field, header or parameter of this name holds.

    Returns:
        None for any other name; `OF_CHANCE` where what is all chance is no secret, because it names something.
    """
    words = [word.lower() for word in _SPLIT.split(name[:200]) if word]
    if not words:
        return None
    last, pair = words[-1], "".join(words[-2:])
    if _NO_SECRET.fullmatch(last):
        return OF_CHANCE
    if last == "token":
        return "token" if len(words) == 1 or _TOKEN_OF.fullmatch(words[-2]) else OF_CHANCE
    if last.endswith("token"):
        return "token" if _TOKEN_OF.fullmatch(last.removesuffix("token")) else OF_CHANCE
    if last in ("cookie", "cookies"):
        return "cookie"
    if last == "authorization":
        return last
    if _PASSWORD.fullmatch(last) or _PASSWORD.fullmatch(pair):
        return "password"
    if _SECRET.fullmatch(last) or _SECRET.fullmatch(pair):
        return "secret"
    return secret_name(name.lower()) if name != name.lower() else None  # headers come in any case


def is_secret_under(kind: str, value: str) -> bool:
    """Whether a text under a name of this kind is a secret, and not a word about one."""
    if kind == OF_CHANCE or not value.strip() or _EMPTY.fullmatch(value.strip()):
        return False
    if kind == "token":  # of a language, of a page: words and numbers
        return len(value) >= 8 and not value.isdigit() and not (value.isalpha() and value.islower())
    if kind == "authorization":  # of a payment: how it stands
        return len(value) >= 16 or any(not c.isalpha() for c in value)
    return kind == "password" or len(value) >= 4


def is_telling(secret: str) -> bool:
    """Whether a secret that was met under its name is known by itself elsewhere: no word of a language."""
    return len(secret) >= 6 and not secret.isalpha() and not secret.isdigit()
