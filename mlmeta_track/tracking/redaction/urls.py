"""URLs without what gives access: passwords, tokens and signatures, whoever signed last."""

from __future__ import annotations

import re
from urllib.parse import unquote

from mlmeta_track.tracking.redaction.words import MASK, is_secret_name, listed, says_nothing

# A user's name is kept, as a bucket's or a container's is; what follows its colon is not.  A
# password with a slash in it is told from a port by not being one.
_USER_INFO = re.compile(
    r"://(?P<user>[^\s/@:?#\[]{0,256})"
    r"(?P<given>:(?![0-9]{1,5}(?:[/?#\s\"'),;]|$))"
    r"(?:[^\s/?#]{0,256}@|[^\s@]{0,256}@(?:[^\s/?#@]{0,256}@)*)|@)"
)
_ON_THE_WEB = ("http", "https", "git+http", "git+https")
_ORACLE = re.compile(r"(?<=:thin:)(?P<user>[^\s/@:]{1,128})/[^\s@]{1,128}@")
_URL = re.compile(r"://[^\s\"'<>]+")
_SETTING = re.compile(r";(?P<name>[\w .-]{1,64})=(?P<value>[^;?&#\s]+)")

_SIGNED = frozenset({"sig", "signature", "x-amz-signature", "x-goog-signature", "x-oss-signature"})
_SIGNED |= {"q-signature", "x-tos-signature"}
_SIGNERS = ("x-amz-", "x-goog-", "x-oss-", "x-tos-", "q-")
_OF_SIGNATURES = listed(
    """
    algorithm awsaccesskeyid expires googleaccessid key-pair-id keyid ossaccesskeyid policy saoid
    scid sdd se security-token sig signature sip skoid sks skt sktid skv sn sp spr sr srt ss st
    suoid sv ske
    """
)
"""What stands in a signed URL beside the signature, and changes with it."""

_QUERY_SECRETS = listed("accesskey hdnea key pw sig signature token")


def public_url(text: str) -> str:
    """Return a URL, or text with URLs in it, without what gives access.

    Of a signed URL, all that belongs to the signature becomes one mark: the same file signed anew
    is the same.
    """
    if "@" in text:
        text = _USER_INFO.sub(lambda match: _public_user(match, text), text)
        if ":thin:" in text:
            text = _ORACLE.sub(rf"\g<user>/{MASK}@", text)
    if "=" in text:
        text = _URL.sub(lambda match: _public_rest(match[0]), text)
    return text


def _public_user(match: re.Match[str], text: str) -> str:
    scheme = _scheme_before(text, match.start())
    if scheme in _ON_THE_WEB:
        # There, what stands alone is a token more often than a name.
        return f"://{MASK}@"
    if match["given"] == "@":
        return match[0]
    return f"://{match['user']}:{MASK}@"


def _scheme_before(text: str, end: int) -> str:
    start = end
    while start > max(0, end - 16) and (text[start - 1].isalnum() or text[start - 1] in "+-."):
        start -= 1
    return text[start:end].lower()


def _public_rest(url: str) -> str:
    """Return what follows a URL's scheme with its query, fragment and settings made public."""
    if ";" in url:
        url = _SETTING.sub(_public_setting, url)
    path, mark, query = url.partition("?")
    if not mark:
        path, mark, query = url.partition("#")
        return path + mark + _public_query(query)
    query, hash_mark, fragment = query.partition("#")
    return path + mark + _public_query(query) + hash_mark + _public_query(fragment)


def _public_setting(match: re.Match[str]) -> str:
    name, value = match["name"], match["value"]
    if not is_secret_name(name) or says_nothing(value, name):
        return match[0]
    return f";{name}={MASK}"


def _public_query(query: str) -> str:
    if "=" not in query:
        return query
    parts = query.split("&")
    names = [unquote(part.partition("=")[0]).lower() for part in parts]
    is_signed = not _SIGNED.isdisjoint(names)
    kept: list[str] = []
    for part, name in zip(parts, names, strict=True):
        if is_signed and (name in _OF_SIGNATURES or name.startswith(_SIGNERS)):
            if MASK not in kept:
                kept.append(MASK)
        else:
            kept.append(_public_part(part, name))
    return "&".join(kept)


def _public_part(part: str, name: str) -> str:
    written, equals, value = part.partition("=")
    # The name as it is written tells its words, in lower case it does not.
    is_secret = name in _QUERY_SECRETS or is_secret_name(unquote(written))
    if not is_secret or says_nothing(value, written):
        return part
    return f"{written}{equals}{MASK}"
