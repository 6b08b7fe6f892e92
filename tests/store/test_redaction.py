"""Secrets of every kind are taken out wherever they stand; what only looks like one stays."""

import base64
import contextlib
import gzip
import json
import os
import random
import string
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.traces.redaction import Redactor, redact

_CHANCE = random.Random(7)
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def chars(n: int, letters: str = ALNUM) -> str:
    """Letters by chance, with each of the three classes among them."""
    return "".join(_CHANCE.choices(letters, k=n - 4)) + ("aB3x" if letters is ALNUM else letters[1:5])


def _url64(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


JWT = f"{_url64({'alg': 'HS256', 'typ': 'JWT'})}.{_url64({'sub': '1234', 'name': 'Ada'})}.{chars(43)}"
PEM = (
    "-----BEGIN RSA PRIVATE " + f"KEY-----\n{chars(64)}\n{chars(64)}\n{chars(20)}==\n-----END RSA PRIVATE " + "KEY-----"
)
BY_SHAPE = {
    "jwt": JWT,
    "private-key": PEM,
    "aws-key": "AKIA" + chars(16, string.ascii_uppercase + string.digits),
    "github-token": "ghp_" + chars(36),
    "github-token (fine)": "github_pat_" + chars(22) + "_" + chars(59),
    "gitlab-token": "glpat-" + chars(20),
    "slack-token": "xoxb-" + chars(12, string.digits) + "-" + chars(24),
    "api-key (payments)": "sk_live_" + chars(24),
    "api-key (webhook secret)": "whsec_" + chars(32),
    "api-key (language model)": "sk-proj-" + chars(48),
    "api-key (another)": "sk-ant-api03-" + chars(80),
    "api-key (maps)": "AIza" + chars(35),
    "api-key (models)": "hf_" + chars(34),
    "api-key (packages)": "npm_" + chars(36),
    "api-key (more packages)": "pypi-" + chars(120),
    "api-key (mail)": "SG." + chars(22) + "." + chars(43),
    "api-key (calls)": "SK" + chars(32, HEX),
    "api-key (droplets)": "dop_v1_" + chars(64, HEX),
    "api-key (shop)": "shpat_" + chars(32, HEX),
    "api-key (bricks)": "dapi" + chars(32, HEX),
    "api-key (vault)": "hvs." + chars(90),
    "api-key (bot)": chars(10, "3456789012") + ":AA" + chars(33),
    "oauth-token": "ya29." + chars(60),
    "card-number": "4111111111111111",
    "card-number (spaced)": "3782 822463 10005",
    "high-entropy": chars(40) + "+/" + chars(20),
}
NAMES = ["password", "userPassword", "DB_PASSWD", "client_secret", "apiKey", "X-Api-Key", "access_token", "refreshToken",
         "x-auth-token", "Authorization", "secret", "private_key", "sessionToken", "aws_secret_access_key"]  # fmt: skip


@pytest.mark.parametrize("kind", BY_SHAPE)
@pytest.mark.parametrize(
    "place",
    [
        lambda secret: secret,
        lambda secret: {"a": [{"b": {"c": secret}}]},
        lambda secret: {secret: 1},
        lambda secret: f"It is {secret}, keep it.",
        lambda secret: json.dumps({"content": [{"text": json.dumps({"x": f"({secret})"})}]}),
        lambda secret: f"https://api.example.com/v1/things?page=2&x={quote(secret, safe='')}",
        lambda secret: base64.b64encode(f"key: {secret}".encode()).decode(),
    ],
    ids=["alone", "nested", "in a key", "in text", "in JSON in JSON", "in a URL", "in base64"],
)
def test_a_secret_is_known_by_its_shape_wherever_it_stands(kind: str, place: Any) -> None:
    secret = BY_SHAPE[kind]
    cleaned, found = redact(place(secret))
    left = json.dumps(cleaned)
    assert found
    assert secret not in left
    assert json.dumps(secret)[1:-1] not in left
    assert quote(secret, safe="") not in left
    assert base64.b64encode(secret.encode()).decode()[4:-4] not in left


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "place",
    [
        lambda name: {name: "Tr0ub4dor&3"},
        lambda name: {"headers": [{"name": name, "value": "Tr0ub4dor&3"}]},
        lambda name: {"deep": [{name: ["Tr0ub4dor&3"]}]},
        lambda name: json.dumps({name: "Tr0ub4dor&3"}),
        lambda name: json.dumps(json.dumps({name: "Tr0ub4dor&3"})),
        lambda name: f"https://example.com/x?y=1&{name}=Tr0ub4dor#z",
        lambda name: f"set\n{name}: Tr0ub4dor\nrest",
        lambda name: {name: "Tr0ub4dor&3", "said": "You sent Tr0ub4dor&3."},
    ],
    ids=["member", "header", "list", "JSON text", "JSON in JSON", "URL", "line", "echo"],
)
def test_a_secret_is_known_by_the_name_that_it_stands_under(name: str, place: Any) -> None:
    cleaned, found = redact(place(name))
    assert "Tr0ub4dor" not in json.dumps(cleaned)
    assert found


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("postgresql://ada:l0vel%40ce@db.example:5432/x", "l0vel%40ce", "connection-string"),
        ("Authorization: Bearer abc123def456", "abc123def456", "bearer-token"),
        ("curl -H 'authorization: Basic " + base64.b64encode(b"ada:pa55").decode() + "'", "YWRhOnBhNTU", "basic-auth"),
        ("GET / HTTP/1.1\nCookie: sid=s1d-value; theme=dark", "s1d-value", "cookie"),
        ("DefaultEndpointsProtocol=https;AccountKey=" + "aB3/" * 21 + "==", "aB3/aB3/", "api-key"),
        ("Your password is hunter2, do not tell", "hunter2", "password"),
        ("export API_KEY=abcdefgh", "abcdefgh", "secret"),
        ("X-aPi-kEy: abcd1234", "abcd1234", "secret"),
        ("tool --api-key abcd1234 https://a.example", "abcd1234", "secret"),
        ("curl -u ada:pa55word https://a.example", "pa55word", "password"),
        ("<login><password>pa55word</password></login>", "pa55word", "password"),
        (json.dumps({"token": json.dumps({"secret": "pa55"})}), "pa55", "secret"),
        ("https://x.blob.example/c?sv=2024&sig=" + quote("aB3+/x9=") + "&se=1", "aB3%2B", "secret"),
    ],
)
def test_a_secret_is_known_by_what_stands_around_it(text: str, secret: str, kind: str) -> None:
    cleaned, found = redact(text)
    assert secret not in cleaned
    assert kind in {one.kind for one in found}


def test_a_finding_says_where_and_what_and_not_the_secret() -> None:
    _, found = redact({"a/b": [{"token": "Zyxwvu98"}], "ok": 1, JWT: 2})
    assert (found[0].pointer, found[0].kind) == ("/a~1b/0/token", "token")
    assert found[1].kind == "jwt"
    assert JWT not in found[1].pointer


def test_the_same_secret_leaves_the_same_placeholder_whatever_told_it() -> None:
    cleaned, _ = redact({"access_token": "Zyx-wvu-98", "header": {"Authorization": "Bearer Zyx-wvu-98"}})
    again, _ = redact(["?access_token=Zyx-wvu-98"])
    other, _ = redact({"access_token": "Zyx-wvu-99"})
    placeholder = cleaned["access_token"]
    assert cleaned["header"]["Authorization"] == f"Bearer {placeholder}"
    assert again == [f"?access_token={placeholder}"]
    assert other["access_token"] != placeholder


def test_a_redactor_knows_a_secret_again_that_it_met_in_an_earlier_value() -> None:
    redactor = Redactor()
    first, _ = redactor.redact({"password": "open-Sesame1"})
    second, found = redactor.redact("The gate heard open-Sesame1 and opened.")
    assert second == f"The gate heard {first['password']} and opened."
    assert [one.kind for one in found] == ["password"]


def test_cookies_keep_their_names_and_attributes() -> None:
    cleaned, _ = redact({"Set-Cookie": "sid=s3cr3t; Path=/; HttpOnly; Max-Age=60"})
    assert cleaned["Set-Cookie"].startswith("sid=REDACTED-")
    assert cleaned["Set-Cookie"].endswith("; Path=/; HttpOnly; Max-Age=60")


@pytest.mark.parametrize(
    "value",
    [
        {"next_page_token": "CiAKGjBpNDd2Nmp2Zml2cXRwYjBpOXA", "token_type": "bearer", "max_tokens": 4096},
        {"properties": {"password": {"type": "string", "description": "The password of the user."}}},
        {"password": None, "token": "", "secret": "********", "api_key": "<your key>", "passwordless": "yes please"},
        {"id": str(uuid.UUID(int=2**127 + 12345)), "sha256": chars(64, HEX), "commit": chars(40, HEX)},
        {
            "order": "#W0000001",
            "payment": "credit_card_4821938",
            "sku": "8310926033",
            "at": "2026-11-21T18:18:38.123456Z",
        },
        {"id": 4111111111111111, "cursor": chars(60), "etag": chars(40)},
        {"microseconds": 1732212345123456, "total": 1234567890123456.5},
        {"text": "Basic information about tokens: a token is a word. The secret of success is patience."},
        {
            "path": "/usr/local/lib/python3.12/site-packages/numpy/core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so"
        },
        {
            "name": "CustomerInvoiceReminderService2024",
            "url": "https://example.com/a/b-c_d?page=2&sort=-created_at",
        },
        {"image": base64.b64encode(bytes(range(256)) * 4).decode()},
        [True, None, 0, 1.5, "", {}],
    ],
)
def test_what_only_looks_like_a_secret_stays(value: Any) -> None:
    assert redact(value) == (value, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from(sorted(BY_SHAPE.values())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_what_was_redacted_once_is_not_changed_again(value: Any) -> None:
    cleaned, _ = redact(value)
    assert redact(cleaned)[0] == cleaned


def test_a_megabyte_of_nothing_special_is_no_hindrance() -> None:
    for text in ("a-" * 500_000, "password=" * 110_000, "x://" * 250_000, "eyJ" * 300_000, '"token":' * 120_000):
        redact(text)


def _recorded(most: int) -> Iterator[tuple[str, Any]]:
    root = os.environ.get("MCP_SIM_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("MCP_SIM_DATA names no folder with recorded calls")
    for path in sorted(Path(root).glob("*.jsonl.gz")):
        with gzip.open(path) as lines:
            for _, line in zip(range(most), lines, strict=False):
                yield path.name, json.loads(line)


def _leaves(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if parts is None else sum(map(_leaves, parts))


def test_ids_uuids_and_hashes_of_real_recordings_survive() -> None:
    """Of the values of recorded calls, passwords and tokens by their names apart, next to none is taken out."""
    leaves = taken = 0
    for _, call in _recorded(60):
        if isinstance(call.get("observation"), str) and call["observation"].startswith(("{", "[")):
            with contextlib.suppress(ValueError):
                call["observation"] = json.loads(call["observation"])
        leaves += _leaves(call)
        taken += sum(one.kind in ("high-entropy", "card-number", "basic-auth") for one in redact(call)[1])
    assert leaves > 3_000
    assert taken / leaves < 0.0005
