"""How a server is run: its threads, its limits, its certificates."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from mlmeta_track.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_WORKERS = 16
DEFAULT_MESSAGE_MB = 64
DEFAULT_GRACE_SECONDS = 10.0
MAX_GRACE_SECONDS = 86_400
MAX_MESSAGE_MB = 2047  # what gRPC can count to


@dataclass(frozen=True, slots=True)
class Tls:
    """The PEM files by which a server proves who it is, and learns who its clients are.

    ``client_ca`` has the authorities that sign clients' certificates; with it, a client without
    such a certificate is turned away.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Return what gRPC wants to have.

        Raises:
            SettingsError: A file cannot be read, is none of its kind, or is not of the others.
        """
        self._check()
        return grpc.ssl_server_credentials(
            [(self.key.read_bytes(), self.certificate.read_bytes())],
            root_certificates=None if self.client_ca is None else self.client_ca.read_bytes(),
            require_client_auth=self.client_ca is not None,
        )

    def _check(self) -> None:
        # gRPC itself takes everything, and then fails every client without a word.
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)

        def load() -> None:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)

        _checked(f"the certificate {self.certificate} with the key {self.key}", load)
        if self.client_ca is not None:
            authorities = self.client_ca
            _checked(
                f"the clients' authorities {authorities}",
                lambda: context.load_verify_locations(authorities),
            )


def _checked(what: str, load: Callable[[], None]) -> None:
    try:
        load()
    except (OSError, ValueError) as error:
        message = f"TLS cannot use {what}: {_reason(error)}. Give PEM files that belong together."
        raise SettingsError(message) from error


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        # Such as KEY_VALUES_MISMATCH; nothing is said of a file that is no PEM file at all.
        reason = (error.reason or "").replace("_", " ").lower()
        return reason or "what it holds is of another kind"
    return getattr(error, "strerror", None) or str(error)


def _no_password() -> str:
    message = "the key is encrypted, and nobody is there to be asked for its password"
    raise ValueError(message)


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server is run.

    Attributes:
        workers: How many calls are answered at the same time; more wait for their turn.
        max_message_mb: How many MiB a request, or an answer, has at most.
        grace_seconds: How long calls under way may take when the server is stopped.
        tls: Its certificates; None for a server without encryption.
    """

    workers: int = DEFAULT_WORKERS
    max_message_mb: int = DEFAULT_MESSAGE_MB
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    tls: Tls | None = None

    def __post_init__(self) -> None:
        """Raise ``SettingsError`` if a number cannot be."""
        if self.workers < 1:
            message = f"A server cannot have {self.workers} workers. Give it 1 or more."
            raise SettingsError(message)
        if not 1 <= self.max_message_mb <= MAX_MESSAGE_MB:
            message = (
                f"A message cannot have {self.max_message_mb} MiB at most."
                f" Give a number from 1 to {MAX_MESSAGE_MB}."
            )
            raise SettingsError(message)
        if not 0 <= self.grace_seconds <= MAX_GRACE_SECONDS:  # which NaN is not, either
            message = (
                f"{self.grace_seconds} is no grace period. Give seconds from 0 to"
                f" {MAX_GRACE_SECONDS}, which is a day."
            )
            raise SettingsError(message)

    @property
    def max_message_bytes(self) -> int:
        """How many bytes a message has at most."""
        return self.max_message_mb * 2**20
