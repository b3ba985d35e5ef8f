"""Free text without secrets: messages, tracebacks, diffs, logs."""

from __future__ import annotations

import re
from functools import lru_cache

from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.redaction.tokens import is_basic, mask_tokens, may_have_tokens
from mlmeta_track.tracking.redaction.urls import public_url
from mlmeta_track.tracking.redaction.words import MASK, is_telling, says_nothing, words

_NAME_MARKS = (
    "pass",
    "secret",
    "token",
    "cred",
    "auth",
    "key",
    "cookie",
    "jwt",
    "bearer",
    "basic ",
    "otp",
    "pw",
    "kennwort",
    "signature",
)
"""A text without any of these (in lower case) names no secret."""

# Every form begins with something that cannot be begun anew inside of it, or is bounded, so that
# each takes time in proportion to the text's length, whatever the text.
_NAMED = re.compile(
    r"""
    (?P<hint>pass|pwd|secret|token|cred|auth|key|cookie|jwt|bearer|otp|pw|kennwort|signature)
    (?P<rest>[\w.-]{0,64})(?![\w.-])
    \\{0,4}["']?\]?
    (?P<separator>
        [ \t]{0,40}(?::=|=>|==|->|=|:)[ \t]{0,40}
      | [ \t]{1,4}(?=\\{0,4}["'])
      | >
    )
    (?:[bBrRuUfF]{1,2}(?=["']))?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_VALUE = re.compile(
    r"""
      (?P<open>["'])(?P<quoted>(?:(?!(?P=open))[^\\\n]|\\.)*)
    | (?P<escape>\\{1,4}["'])(?P<escaped>[^"'\n]*)
    | \{(?P<braced>[^}\n]{1,256})\}
    | (?P<bare>
        (?:(?:bearer|basic|token|digest|negotiate|apikey|bot)[ \t]{1,4})?
        (?:[^\s;&]|[;&](?!\s|\Z|[\w.-]{1,64}=))+
      )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_KINDS = ("quoted", "escaped", "braced", "bare")
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_LONGEST_NAME = 64
_WHOLE_LINES = frozenset({"authorization", "cookie", "cookies"})
_TO_LINE_END = re.compile(r"[^\r\n\"']*")
_CLOSING = ")]}>\"',.\\"

_FLAG = re.compile(
    r"(?<![\w-])(?P<flag>--?[A-Za-z][\w.-]{0,63})(?P<between>[\"']?,?[ \t]{1,2}[\"']?)"
    r"(?P<value>(?<=[\"'])[^\"'\n]{1,4096}|[^\s\"'-][^\s\"']*)",
    re.ASCII,
)
_PAIR = re.compile(
    r"(?P<start>[(\[]\\{0,4}[\"'](?P<name>[\w.-]{1,64})\\{0,4}[\"'],[ \t]?)"
    r"(?P<value>\\{0,4}[\"'][^\"'\n]{1,4096}[\"'])(?=[)\]])",
    re.ASCII,
)
_BEARER = re.compile(r"\b(bearer\s{1,4})([\w.~+/-]{8,}=*)", re.IGNORECASE | re.ASCII)
_BASIC = re.compile(r"\b(basic\s{1,4})([A-Za-z0-9+/]{4,}={0,2})", re.IGNORECASE)
_SIGNATURE = re.compile(r"[\"']?(?=[A-Za-z%/+_-]{0,40}[0-9])([\w%/+-]{24,}=*)", re.ASCII)
_LONG_TOKEN = 20


def clean(text: str, rules: Rules) -> str:
    """Return text without what looks like a secret; cleaning it again changes nothing."""
    if not rules.is_on:
        return text
    if may_have_tokens(text):
        text = mask_tokens(text)
    if "://" in text or ":thin:" in text:
        text = public_url(text)
    if rules.names or may_name_secrets(text):
        text = _mask_named(text, rules)
    return extra(text, rules)


def may_name_secrets(text: str) -> bool:
    """Tell, quickly, whether a text may name a secret."""
    lowered = text.lower()
    for mark in _NAME_MARKS:  # noqa: SIM110 - `any` would take half as long again
        if mark in lowered:
            return True
    return False


def clean_uri(text: str, rules: Rules) -> str:
    """Return a URI, or a path, without what gives access.

    A path's folders may be named ``key=value``, as partitions are: they stay.
    """
    if not rules.is_on:
        return text
    if "://" in text or ":thin:" in text:
        text = public_url(text)
    if may_have_tokens(text):
        text = mask_tokens(text)
    return extra(text, rules)


def extra(text: str, rules: Rules) -> str:
    """Return text without what the user's own patterns match."""
    for pattern in rules.patterns:
        text = pattern.sub(lambda match: MASK if match[0] else "", text)
    return text


def _mask_named(text: str, rules: Rules) -> str:
    text = _BEARER.sub(_bearer, text)
    text = _BASIC.sub(lambda m: f"{m[1]}{MASK}" if is_basic(m[2]) else m[0], text)
    text = _assigned(text, rules)
    text = _FLAG.sub(lambda match: _flag(match, rules), text)
    return _PAIR.sub(lambda match: _pair(match, rules), text)


def _bearer(match: re.Match[str]) -> str:
    token = match[2]
    is_token = len(token) >= _LONG_TOKEN or any(character.isdigit() for character in token)
    return f"{match[1]}{MASK}" if is_token else match[0]


def _assigned(text: str, rules: Rules) -> str:
    """Mask what is assigned to names of secrets: ``name=value``, ``"name": "value"`` and so on."""
    pattern = _NAMED if not rules.names else _any_name(rules.names)
    kept: list[str] = []
    done = at = 0
    while (match := pattern.search(text, at)) is not None:
        at = match.end()
        masked = _secret_after(text, match, rules)
        if masked is not None:
            start, at = masked
            kept += (text[done:start], MASK)
            done = at
    return "".join([*kept, text[done:]]) if kept else text


@lru_cache(maxsize=8)
def _any_name(names: tuple[tuple[str, ...], ...]) -> re.Pattern[str]:
    """Return the form of assignments with the user's own names among the hints."""
    hints = "|".join(re.escape(name[0]) for name in names)
    return re.compile(_NAMED.pattern.replace("(?P<hint>", f"(?P<hint>{hints}|"), _NAMED.flags)


def _secret_after(text: str, match: re.Match[str], rules: Rules) -> tuple[int, int] | None:
    """Return where the secret stands that follows a name and a separator; None if none does."""
    before = _name_before(text, match.start())
    name = before + match["hint"] + match["rest"]
    separator = match["separator"]
    if separator.isspace() and not is_telling(words(name)):
        return None
    if separator == ">" and not _is_opened(text, match.start()):
        return None
    if not rules.is_secret_name(name):
        return _signature(text, match.end()) if name.lower().endswith("signature") else None
    if words(name)[-1] in _WHOLE_LINES and text[match.end() : match.end() + 1] not in {*"\\\"'"}:
        line = _TO_LINE_END.match(text, match.end())
        return None if line is None or not line[0].strip(f"{MASK} ") else line.span()
    value = _VALUE.match(text, match.end())
    # A folder may be named so, as partitions are: its name ends with it.
    is_folder = text.endswith("/", 0, match.start() - len(before))
    return None if value is None else _span(value, name, "/" if is_folder else "</")


def _span(value: re.Match[str], name: str, end: str) -> tuple[int, int] | None:
    """Return where in a value the secret stands: within its quotes, before what closes it."""
    group = next(
        name for name in ("quoted", "escaped", "braced", "bare") if value[name] is not None
    )
    inner = value[group]
    if group == "bare":
        inner = inner.partition(end)[0].rstrip(_CLOSING)
    elif group == "escaped":
        inner = inner.rstrip("\\")
    if not inner or says_nothing(inner, name):
        return None
    start = value.start(group)
    return start, start + len(inner)


def _is_opened(text: str, end: int) -> bool:
    """Tell whether a name stands in a tag, as XML has it."""
    return "<" in text[max(0, end - _LONGEST_NAME) : end]


def _signature(text: str, start: int) -> tuple[int, int] | None:
    found = _SIGNATURE.match(text, start)
    return None if found is None else found.span(1)


def _name_before(text: str, end: int) -> str:
    """Return the part of a name that stands before its telling word."""
    start, first = end, max(0, end - _LONGEST_NAME)
    while start > first and text[start - 1] in _NAME_CHARACTERS:
        start -= 1
    return text[start:end]


def _flag(match: re.Match[str], rules: Rules) -> str:
    name, value = match["flag"].lstrip("-"), match["value"]
    if not rules.is_secret_name(name) or says_nothing(value, name):
        return match[0]
    return f"{match['flag']}{match['between']}{MASK}"


def _pair(match: re.Match[str], rules: Rules) -> str:
    name, value = match["name"], match["value"]
    inner = value.strip("\\\"'")
    if match["start"].startswith("[") or not rules.is_secret_name(name):
        return match[0]
    if says_nothing(inner, name):
        return match[0]
    return match["start"] + value.replace(inner, MASK)
