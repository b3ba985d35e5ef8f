"""Values that tell by their form what they open: keys of clouds and services, private keys."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from mlmeta_track.tracking.redaction.words import MASK

# A form may begin a word, or follow an escaped line's end as `repr` and JSON write it.
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"

_FORMS: Mapping[str, str] = {
    # Amazon, Google, Microsoft and other clouds
    "AKIA": r"AKIA[A-Z0-9]{16}",
    "ASIA": r"ASIA[A-Z0-9]{16}",
    "ABIA": r"ABIA[A-Z0-9]{16}",
    "ACCA": r"ACCA[A-Z0-9]{16}",
    "ABSK": r"ABSK[A-Za-z0-9+/]{40,}={0,2}",
    "AIza": r"AIza[\w-]{35}",
    "ya29.": r"ya29\.[\w.-]{20,}",
    "GOCSPX-": r"GOCSPX-[\w-]{20,}",
    "Q~": r"[\w.~-]{3}[0-9]Q~[\w.~-]{31,40}",
    "==": r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==",
    "LTAI": r"LTAI[A-Za-z0-9]{12,}",
    "AKID": r"AKID[A-Za-z0-9]{32,}",
    "dop_v1_": r"dop_v1_[a-f0-9]{32,}",
    "doo_v1_": r"doo_v1_[a-f0-9]{32,}",
    "dapi": _START + r"dapi[a-f0-9]{32}",
    # code and packages
    "ghp_": r"ghp_[A-Za-z0-9]{20,}",
    "gho_": r"gho_[A-Za-z0-9]{20,}",
    "ghu_": r"ghu_[A-Za-z0-9]{20,}",
    "ghs_": r"ghs_[A-Za-z0-9]{20,}",
    "ghr_": r"ghr_[A-Za-z0-9]{20,}",
    "github_pat_": r"github_pat_\w{20,}",
    "glpat-": r"glpat-[\w.-]{16,}",
    "gldt-": r"gldt-[\w-]{16,}",
    "glrt-": r"glrt-[\w-]{16,}",
    "glptt-": r"glptt-[\w-]{16,}",
    "ATATT3": r"ATATT3[\w=-]{20,}",
    "npm_": r"npm_[A-Za-z0-9]{30,}",
    "pypi-Ag": r"pypi-Ag[\w-]{30,}",
    "dckr_pat_": r"dckr_pat_[\w-]{20,}",
    "rubygems_": r"rubygems_[a-f0-9]{32,}",
    "hvs.": _START + r"hvs\.[\w-]{20,}",
    "hvb.": _START + r"hvb\.[\w-]{20,}",
    "AGE-SECRET-KEY-": r"AGE-SECRET-KEY-1[A-Z0-9]{40,}",
    "ops_eyJ": r"ops_eyJ[\w+/=-]{40,}",
    # models
    "sk-": _START + r"sk-(?:(?:proj|svcacct|admin|ant|or)-[\w-]{20,}|[A-Za-z0-9]{32,})",
    "hf_": r"hf_[A-Za-z0-9]{30,}",
    "api_org_": r"api_org_[A-Za-z0-9]{30,}",
    "gsk_": _START + r"gsk_[A-Za-z0-9]{40,}",
    "xai-": _START + r"xai-[A-Za-z0-9]{40,}",
    "pplx-": _START + r"pplx-[A-Za-z0-9]{32,}",
    "r8_": _START + r"r8_[A-Za-z0-9]{32,}",
    "lsv2_": r"lsv2_(?:pt|sk)_[a-z0-9_]{32,}",
    "pcsk_": _START + r"pcsk_\w{40,}",
    "wandb_v1_": r"wandb_v1_\w{20,}",
    # money, mail and messages
    "sk_live_": r"sk_live_[A-Za-z0-9]{10,}",
    "sk_test_": r"sk_test_[A-Za-z0-9]{10,}",
    "rk_live_": r"rk_live_[A-Za-z0-9]{10,}",
    "whsec_": r"whsec_[A-Za-z0-9+/=]{20,}",
    "sq0": r"sq0(?:atp|csp)-[\w-]{20,}",
    "shp": _START + r"shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}",
    "xox": r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,}",
    "xapp-": r"xapp-[\w-]{20,}",
    "hooks.slack.com/": r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]{20,}",
    "/webhooks/": r"(?<=/webhooks/)[0-9]{8,}/[\w-]{20,}",
    "SG.": _START + r"SG\.[\w-]{16,}\.[\w-]{16,}",
    "key-": _START + r"key-[a-f0-9]{32}",
    "SK": r"(?<![A-Za-z0-9])SK[a-f0-9]{32}",
    ":AA": r"(?<![0-9])[0-9]{8,10}:AA[\w-]{33}",
    "NRAK-": r"NRAK-[A-Z0-9]{20,}",
    "sntry": r"sntry[su]_[\w+/=-]{40,}",
    "glsa_": r"glsa_\w{32,}",
    "glc_": _START + r"glc_[\w+/=-]{32,}",
    "PMAK-": r"PMAK-[a-f0-9-]{40,}",
    # of no service in particular: JSON Web Tokens, and tokens that are JSON in base64
    "eyJ": r"eyJ[\w-]{12,}\.[\w-]{6,}(?:\.[\w-]*)*|eyJ[\w+/-]{64,}={0,2}",
}

# Most forms are one long run of these characters; the others may be broken early.
_RUN = re.compile(r"[A-Za-z0-9_-]{15,}")
_BROKEN = frozenset(
    {
        *("ABSK", "ya29.", "Q~", "==", "ATATT3", "hvs.", "hvb.", "ops_eyJ", "whsec_"),
        *("hooks.slack.com/", "/webhooks/", "SG.", ":AA", "sntry", "glc_", "eyJ"),
    }
)
_MARKS_IN_RUNS = tuple(mark for mark in _FORMS if mark not in _BROKEN)
_MARKS_ANYWHERE = (*_BROKEN, "PRIVATE KEY")
_PATTERNS = {mark: re.compile(form, re.ASCII) for mark, form in _FORMS.items()}

_PRIVATE = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_END = r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_PRIVATE_KEY = re.compile(f"({_PRIVATE})[\\s\\S]*?({_END}|\\Z)")
_END_OF_KEY = re.compile(_END)

_AMAZON = ("AKIA", "ASIA")
_AMAZON_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_HEX = re.compile(r"[0-9a-f]*")


def may_have_tokens(text: str) -> bool:
    """Tell, quickly, whether a text may have secrets that are known by their form."""
    for mark in _MARKS_ANYWHERE:
        if mark in text:
            return True
    runs = _RUN.findall(text)
    if not runs:
        return False
    joined = "\n".join(runs)
    return any(mark in joined for mark in _MARKS_IN_RUNS)


def mask_tokens(text: str) -> str:
    """Return text without what is known by its form."""
    if "PRIVATE KEY" in text:
        text = _mask_private_keys(text)
    if any(mark in text for mark in _AMAZON):
        text = _mask_amazon(text)
    for mark, pattern in _PATTERNS.items():
        if mark in text:
            text = pattern.sub(MASK, text)
    return text


def _mask_private_keys(text: str) -> str:
    text = _PRIVATE_KEY.sub(rf"\1{MASK}\2", text)
    # Of a text whose beginning was cut off, the key may be left without its first line.
    end = _END_OF_KEY.search(text)
    begun = -1 if end is None else text.rfind(f"-----{MASK}", 0, end.start())
    if end is not None and begun < 0:
        text = MASK + text[end.start() :]
    return text


def _mask_amazon(text: str) -> str:
    """Mask Amazon's secret keys where an access key stands: alone, they have no form."""
    if not any(_PATTERNS[mark].search(text) for mark in _AMAZON):
        return text
    return _AMAZON_SECRET.sub(lambda m: m[0] if _HEX.fullmatch(m[0]) else MASK, text)


def is_basic(encoded: str) -> bool:
    """Tell whether a text is user and password as HTTP's basic scheme has them."""
    try:
        return b":" in base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
