"""The shapes of secrets that are well known, each from what its issuer says of it."""

from __future__ import annotations

import re
from typing import NamedTuple


class Shape(NamedTuple):
    """Secrets of one kind in text. The group `secret` is what must go; `hints`: no match without one of them."""

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(kind: str, hints: str, pattern: str) -> Shape:
    whole = pattern if "(?P<secret>" in pattern else rf"(?<![A-Za-z0-9_])(?P<secret>{pattern})(?![A-Za-z0-9])"
    return Shape(kind, tuple(hints.split()), re.compile(whole, re.ASCII))


SHAPES = (
    _shape(
        "private-key",
        "PRIVATE",
        r"(?P<secret>-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END )[\s\S])*"
        r"(?:-----END [A-Z0-9 ]{3,40}-----)?)",
    ),
    _shape("private-key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[A-Z0-9]{50,70}"),
    _shape("jwt", "eyJ", r"eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){1,3}"),
    _shape(
        "connection-string",
        "://",
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@\"'<>]{0,200}:(?P<secret>[^\s/@\"'<>]{1,400})@(?=[^\s@])",
    ),
    _shape(
        "bearer-token",
        "earer EARER",
        r"(?i)\bbearer[ \t]+(?P<secret>(?=[^\s\"']*\d|[^\s\"']{24})[A-Za-z0-9._~+/=-]{8,})",
    ),
    _shape(
        "basic-auth",
        "asic ASIC",
        r"(?i)\bbasic[ \t]+(?P<secret>(?=[A-Za-z]*[A-Z0-9+/=])[A-Za-z0-9+/]{8,}={0,2})(?![A-Za-z0-9])",
    ),
    _shape("cookie", "ookie: OOKIE:", r"(?im)^(?:set-)?cookie:[ \t]*(?P<secret>\S[^\r\n]*)"),
    _shape("aws-key", "AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    _shape(
        "github-token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{40,255}"
    ),
    _shape("gitlab-token", "glpat- gldt- glrt- glcbt- glptt- glft-", r"gl(?:pat|dt|rt|cbt|ptt|ft)-[\w-]{16,}"),
    _shape("slack-token", "xox xapp-", r"(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,}"),
    _shape("webhook", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[\w/-]{16,})"),
    _shape("webhook", "discord", r"discord(?:app)?\.com/api/webhooks/\d+/(?P<secret>[\w-]{40,})"),
    _shape(
        "api-key", "sk_live_ sk_test_ rk_live_ rk_test_ whsec_", r"(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9+/=]{10,}"
    ),
    _shape("api-key", "sk-", r"sk-(?=[\w-]*\d)(?:[a-z]{2,8}\d{0,2}-)?[\w-]{20,}"),
    _shape("api-key", "AIza", r"AIza[\w-]{35}"),
    _shape("oauth-token", "ya29.", r"ya29\.[\w-]{20,}"),
    _shape("oauth-token", "GOCSPX- 1//0", r"GOCSPX-[\w-]{20,}|1//0[\w-]{30,}"),
    _shape("api-key", "hf_ api_org_", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    _shape("api-key", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _shape("api-key", "pypi-", r"pypi-[\w-]{50,}"),
    _shape("api-key", "SG.", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    _shape("api-key", "SK", r"SK[0-9a-f]{32}"),
    _shape("api-key", "key-", r"key-[0-9a-f]{32}"),
    _shape("api-key", "dop_v1_ doo_v1_ dor_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    _shape("api-key", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _shape("api-key", "sq0atp- sq0csp-", r"sq0(?:atp|csp)-[\w-]{22,}"),
    _shape("api-key", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _shape("api-key", "hvs. hvb.", r"hv[sb]\.[\w-]{20,}"),
    _shape("api-key", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{30,}"),
    _shape("api-key", "ntn_ secret_", r"(?:ntn|secret)_[A-Za-z0-9]{40,}"),
    _shape(
        "api-key", "lin_api_ ATATT3 atlasv1. NRAK- PMAK- figd_", r"(?:lin_api_|ATATT3|NRAK-|PMAK-|figd_)[\w=-]{20,}"
    ),
    _shape("api-key", "atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{50,}"),
    _shape("api-key", "glsa_ glc_ sntrys_ sntryu_", r"(?:glsa|glc|sntrys|sntryu)_[\w=+/-]{30,}"),
    _shape("api-key", "pat", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    _shape("api-key", ":AA", r"\d{8,10}:AA[\w-]{32,34}"),
    _shape("api-key", ".", r"[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,40}"),
    _shape(
        "api-key",
        "AccountKey= SharedAccessKey=",
        r"(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{40,}={0,2})",
    ),
)
