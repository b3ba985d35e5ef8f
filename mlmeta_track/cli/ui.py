"""``mlmeta-track ui``: the web page of a store."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import click

from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.errors import SettingsError
from mlmeta_track.tracking import settings
from mlmeta_track.tracking.payloads import Payloads

_EXAMPLE = """\b
Examples:
  mlmeta-track ui --store sqlite:///metadata.db
  mlmeta-track ui --port 0 --open
"""
_PORT = 8765


@click.command(epilog=_EXAMPLE)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@store_option
def ui(*, host: str, port: int, opens: bool, store: str | None) -> None:
    """Show the store in the browser until interrupted with Ctrl-C; nothing can be changed there.

    At another address than this machine's own the page needs a token, which is printed.
    """
    serving = _serving()
    opened = open_to_read(store)

    def started(address: object) -> None:
        url = str(getattr(address, "url", ""))
        click.echo(f"The store {opened.url} is shown at {url}")
        if opens:
            click.launch(url)

    payloads = Payloads(settings.resolve({"store": store}))
    serving.serve(opened, payloads, host=host, port=port, started=started)


def _serving() -> ModuleType:
    try:
        return import_module("mlmeta_track.ui.serving")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mlmeta_track"):
            raise
        message = (
            "The page needs starlette, uvicorn and jinja2, which come with the extra: pip install"
            " 'mlmeta-track[ui]'."
        )
        raise SettingsError(message) from error
