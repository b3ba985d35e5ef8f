"""Where the spool of a store lies: one folder a store, the same for all processes of a user."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from mlmeta_track.tracking.settings import Settings

STORE_FILE: Final = "STORE"
"""The file in a store's folder that tells whose it is: the URL, without a password."""

_UNFIT = re.compile(r"[^A-Za-z0-9.-]+")
_LONGEST = 40
# What in a query tells one store from another; the rest is how to connect.
_TELLING = ("host", "port", "service", "unix_socket")


def spool_root(settings: Settings) -> Path:
    """Return the folder for the spools of all stores."""
    if settings.spool_dir is not None:
        return Path(settings.spool_dir).expanduser().absolute()
    return _state_folder() / "mlmeta-track" / "spool"


def store_folder(settings: Settings) -> Path | None:
    """Return the folder for the spool of the settings' store; None for a store in memory."""
    place = store_place(settings.store)
    if place is None:
        return None
    digest = hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    name = _UNFIT.sub("-", place.rstrip("/").rpartition("/")[2]).strip("-.")[:_LONGEST]
    return spool_root(settings) / f"{name or 'store'}-{digest}"


def store_place(url: str) -> str | None:
    """Return what tells a store from others, without a password; None if it is in memory only.

    Args:
        url: The store's URL, as it was written.
    """
    scheme, _, rest = url.partition("://")
    kind = scheme.partition("+")[0]
    if kind == "sqlite":
        return _sqlite_place(rest)
    # A password may have any characters, even some that would have to be written otherwise.
    credentials, _, server = rest.rpartition("@")
    user = credentials.partition(":")[0]
    location, _, query = server.partition("?")
    told = "&".join(f"{name}={v}" for name, v in sorted(parse_qsl(query)) if name in _TELLING)
    place = f"{kind}://{user}@{location}" if user else f"{kind}://{location}"
    return f"{place}?{told}" if told else place


def _sqlite_place(rest: str) -> str | None:
    path, _, query = rest.removeprefix("/").partition("?")
    options = dict(parse_qsl(query))
    if options.get("uri", "").lower() in ("true", "1", "yes", "on"):
        # Imported here, for it comes with HTTP and its certificates.
        from urllib.request import url2pathname  # noqa: PLC0415

        path = url2pathname(urlsplit(path).path)
    if path in ("", ":memory:") or options.get("mode") == "memory":
        return None
    try:
        return f"sqlite:///{os.path.realpath(path)}"
    except OSError:
        return None  # the working directory was deleted under us, and such a store with it


def _state_folder() -> Path:
    """Return where programs of this user keep what must outlive them."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    given = os.environ.get("XDG_STATE_HOME", "")
    return Path(given) if Path(given).is_absolute() else Path.home() / ".local" / "state"
