"""``mlmeta-track serve``: a store for those who call it over the wire."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from mlmeta_track.cli.options import store_option
from mlmeta_track.errors import SettingsError
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking import settings

if TYPE_CHECKING:
    from mlmeta_track.server import ServerOptions

_EXAMPLE = """\b
Examples:
  mlmeta-track serve --grpc 127.0.0.1:8080 --store sqlite:///metadata.db
  mlmeta-track serve --grpc 0.0.0.0:8080 --tls-cert server.pem --tls-key server.key
"""
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LOOK_SECONDS = 1.0


@click.command(epilog=_EXAMPLE)
@click.option(
    "--grpc",
    "address",
    metavar="HOST:PORT",
    required=True,
    help="Where to listen; port 0 takes one that is free.",
)
@store_option
@click.option("--tls-cert", type=_FILE, help="The server's certificate (PEM).")
@click.option("--tls-key", type=_FILE, help="The key of that certificate (PEM).")
@click.option(
    "--client-ca",
    type=_FILE,
    help="Who signs the certificates of clients (PEM); a client without one is turned away.",
)
@click.option(
    "--max-message-mb",
    type=int,
    default=64,
    show_default=True,
    help="How many MiB a request, or an answer, has at most.",
)
@click.option(
    "--workers",
    type=int,
    default=16,
    show_default=True,
    help="How many calls are answered at the same time.",
)
@click.option(
    "--grace",
    type=float,
    default=10.0,
    show_default=True,
    help="How many seconds calls under way may take when the server is stopped.",
)
def serve(  # noqa: PLR0913 - one argument an option
    *,
    address: str,
    store: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    max_message_mb: int,
    workers: int,
    grace: float,
) -> None:
    """Serve the store to clients of ML Metadata's gRPC service, until SIGTERM or Ctrl-C."""
    options = _options(tls_cert, tls_key, client_ca, max_message_mb, workers, grace)
    _serve(settings.resolve({"store": store}).store, address, options)


def _options(  # noqa: PLR0913, PLR0917 - one argument an option
    certificate: Path | None,
    key: Path | None,
    client_ca: Path | None,
    max_message_mb: int,
    workers: int,
    grace: float,
) -> ServerOptions:
    try:
        from mlmeta_track.server import ServerOptions, Tls  # noqa: PLC0415 - it imports gRPC
    except ImportError as error:
        message = (
            f"To serve a store, {error.name or 'gRPC'} must be installed:"
            " pip install 'mlmeta-track[mlmd]'."
        )
        raise SettingsError(message) from error
    if certificate is not None and key is not None:
        tls = Tls(certificate, key, client_ca)
    elif certificate is None and key is None and client_ca is None:
        tls = None
    else:
        message = "TLS needs both --tls-cert and --tls-key, whether there is a --client-ca or not."
        raise SettingsError(message)
    return ServerOptions(workers, max_message_mb, grace, tls)


def _serve(url: str, address: str, options: ServerOptions) -> None:
    from mlmeta_track.server import MetadataServer  # noqa: PLC0415 - it imports gRPC

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with contextlib.closing(open_store(url)) as store, _until_told() as told:
        server = MetadataServer(store, address, options)
        server.start()
        click.echo(f"Serving {store.url} at {server.address}.")
        # With a time-out, for on Windows Ctrl-C does not end a wait without one.
        while not told.wait(_LOOK_SECONDS):
            pass
        click.echo("Stopping: calls under way are finished first.")
        if not server.stop():
            _give_up(options.grace_seconds)


def _give_up(grace: float) -> NoReturn:
    """End the process without its threads, which wait for a database; it undoes what they began."""
    click.echo(f"Stopped with calls still under way after {grace:g} seconds.", err=True)
    sys.stdout.flush()
    os._exit(0)


@contextlib.contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Yield an event that the first SIGTERM or SIGINT sets; the second ends the process."""
    told = threading.Event()

    def tell(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        told.set()

    before = [(number, signal.signal(number, tell)) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        yield told
    finally:
        for number, handler in before:
            signal.signal(number, handler)
