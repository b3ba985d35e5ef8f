"""Where a server is and how it is called: what the URL of a store says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from mlmeta_track.errors import SettingsError
from mlmeta_track.wire.channel import Certificates

TIMEOUT_SECONDS = 60.0
MAX_MESSAGE_MB = 64
_MOST_SECONDS = 86_400.0
_MOST_MB = 2047  # what gRPC can count to
_FORM = (
    "grpc://HOST:PORT, or grpcs://HOST:PORT for TLS, with ?timeout=SECONDS&max_message_mb=NUMBER,"
    " and for TLS &ca=FILE&cert=FILE&key=FILE"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A server.

    Attributes:
        target: ``HOST:PORT``.
        certificates: What TLS needs; None without TLS.
        timeout: How many seconds an answer is waited for.
        max_message_mb: How many MiB an answer has at most.
    """

    target: str
    certificates: Certificates | None
    timeout: float
    max_message_mb: float


def parse(url: str) -> Address:
    """Return the server that a URL names.

    Raises:
        SettingsError: It names none, or a file of certificates cannot be read.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong(url, "has no host or port that can be") from error
    try:
        # An empty query is none; Python 3.10 takes it for a wrong one.
        strict = bool(parts.query)
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=strict))
    except ValueError as error:
        raise _wrong(url, "has options that cannot be read") from error
    return _address(url, parts, port, given)


def _address(url: str, parts: SplitResult, port: int | None, given: dict[str, str]) -> Address:
    if parts.username is not None or parts.password is not None:
        # Not shown: it may have a password.
        message = (
            "The URL of a store on a server has a user or a password, which ML Metadata's service"
            f" does not know. Write {_FORM}."
        )
        raise SettingsError(message)
    if not parts.hostname or port is None or parts.path not in {"", "/"} or parts.fragment:
        raise _wrong(url, "is not of the form that names a server")
    known = {"timeout", "max_message_mb"}
    if parts.scheme == "grpcs":
        known |= {"ca", "cert", "key"}
    if unknown := sorted(given.keys() - known):
        raise _wrong(url, f"has the option {unknown[0]!r}, which is not known")
    return Address(
        target=f"{_host(parts.hostname)}:{port}",
        certificates=_certificates(url, given) if parts.scheme == "grpcs" else None,
        timeout=_number(url, given, "timeout", TIMEOUT_SECONDS, _MOST_SECONDS),
        max_message_mb=_number(url, given, "max_message_mb", MAX_MESSAGE_MB, _MOST_MB),
    )


def _wrong(url: str, what: str) -> SettingsError:
    return SettingsError(f"The store {url!r} {what}. Write {_FORM}.")


def _host(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _number(url: str, given: Mapping[str, str], name: str, otherwise: float, most: float) -> float:
    try:
        number = float(given.get(name, otherwise))
    except ValueError:
        number = math.nan
    if not 0 < number <= most:
        raise _wrong(url, f"has {name}={given[name]}, which is no number that can be")
    return number


def _certificates(url: str, given: Mapping[str, str]) -> Certificates:
    if ("cert" in given) is not ("key" in given):
        raise _wrong(url, "has only one of cert and key, which belong together")
    return Certificates(
        authorities=_contents(given, "ca"),
        certificate=_contents(given, "cert"),
        key=_contents(given, "key"),
    )


def _contents(given: Mapping[str, str], name: str) -> bytes | None:
    if name not in given:
        return None
    try:
        return Path(given[name]).read_bytes()
    except OSError as error:
        message = (
            f"The file {given[name]!r}, which the URL of the store names as its {name}, cannot be"
            f" read: {error.strerror or error}."
        )
        raise SettingsError(message) from error
