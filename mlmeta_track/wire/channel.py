"""Channels to servers: with limits, with certificates, in processes that fork."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mlmeta_track.errors import UnavailableError

# gRPC looks once, when it is imported, whether processes may be forked while it is in use.  Without
# that a child hangs, and takes the channels of its parent with it.
_VARIABLE: Final = "GRPC_ENABLE_FORK_SUPPORT"
_TO_BE_SET: Final = "grpc" not in sys.modules and _VARIABLE not in os.environ
if _TO_BE_SET:
    os.environ[_VARIABLE] = "1"

import grpc  # noqa: E402 - see above

_MAY_FORK: Final = os.environ.get(_VARIABLE, "").lower() in {"1", "t", "true", "y", "yes", "on"}
if _TO_BE_SET:
    del os.environ[_VARIABLE]


class _Process:
    """What this process has done with gRPC."""

    uses_grpc = False
    was_forked_in_use = False


@dataclass(frozen=True, slots=True)
class Certificates:
    """By what a client knows its server, and who it is itself: contents of PEM files, or None."""

    authorities: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None


def open_channel(
    target: str,
    options: Iterable[tuple[str, int | str]] = (),
    certificates: Certificates | None = None,
) -> grpc.Channel:
    """Return a channel, which connects when it is first used.

    Args:
        target: Where the server is, as ``HOST:PORT``.
        options: gRPC's own options.
        certificates: What TLS needs; None for a channel without encryption.

    Raises:
        UnavailableError: This process was forked from one that used gRPC without its support of
            forks.
    """
    if _Process.was_forked_in_use:
        message = (
            f"The server at {target} cannot be called from this process: it was forked from one in"
            f" which gRPC was imported without its support of forks. Set {_VARIABLE}=1 before that"
            " program starts, or start processes by spawning."
        )
        raise UnavailableError(message)
    _Process.uses_grpc = True
    if certificates is None:
        return grpc.insecure_channel(target, options=list(options))
    credentials = grpc.ssl_channel_credentials(
        root_certificates=certificates.authorities,
        private_key=certificates.key,
        certificate_chain=certificates.certificate,
    )
    return grpc.secure_channel(target, credentials, options=list(options))


def _remember_fork() -> None:
    _Process.was_forked_in_use = _Process.uses_grpc and not _MAY_FORK


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_remember_fork)
