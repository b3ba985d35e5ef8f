"""The URL of a store for other processes: without secrets, and the same in every folder."""

from __future__ import annotations

from urllib.parse import parse_qsl

from mlmeta_track.tracking.delivery.places import store_place
from mlmeta_track.tracking.redaction.urls import public_url


def public_store(url: str) -> str | None:
    """Return a store's URL without passwords, absolute; None for a store in memory."""
    scheme, _, rest = url.partition("://")
    if scheme.partition("+")[0] == "sqlite":
        place = store_place(url)
        timeout = dict(parse_qsl(url.partition("?")[2])).get("timeout")
        return place if place is None or timeout is None else f"{place}?timeout={timeout}"
    credentials, at, server = rest.rpartition("@")
    location, mark, query = server.partition("?")
    kept = "&".join(part for part in query.split("&") if _is_public(part))
    return f"{scheme}://{credentials.partition(':')[0]}{at}{location}{mark if kept else ''}{kept}"


def _is_public(part: str) -> bool:
    shown = f"any://host/?{part}"
    return public_url(shown) == shown
