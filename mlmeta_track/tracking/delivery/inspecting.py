"""What waits in a spool, counted and checked without touching it; and bringing it to the store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlmeta_track.errors import MlmetaTrackError, UnavailableError
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking.delivery import segments
from mlmeta_track.tracking.delivery.places import STORE_FILE, spool_root, store_folder
from mlmeta_track.tracking.delivery.replaying import DAMAGED, REFUSED, Replayed, replay
from mlmeta_track.tracking.settings import Settings


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in the spool of one store.

    Args:
        store: What tells the store from others: its URL without a password.
        folder: Where the spool is.
        records: How many records wait.
        size: How large their files are (bytes).
        since: When the oldest of these files was begun, at the latest (seconds since the epoch);
            None if nothing waits.
        damage: In words, what of it is damaged.
        set_aside: Files with what was damaged or refused earlier.
    """

    store: str
    folder: Path
    records: int
    size: int
    since: float | None
    damage: tuple[str, ...]
    set_aside: tuple[Path, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged or was set aside."""
        return not self.damage and not self.set_aside


def sync(settings: Settings) -> Replayed:
    """Write what waits for the settings' store to it; whoever is at it already is waited for.

    Raises:
        MlmetaTrackError: The store does not take it now, or the spool cannot be read; it waits on.
    """
    done = Replayed()
    folder = store_folder(settings)
    if folder is None or not segments.segments(folder):
        return done
    store = open_store(settings.store)
    try:
        replay(store, folder, done, wait=True)
    except OSError as error:
        if isinstance(error, MlmetaTrackError):
            raise
        message = f"The spool {folder} cannot be read: {error}. Give this user the rights."
        raise UnavailableError(message) from error
    finally:
        store.close()
    return done


def inspect(settings: Settings) -> tuple[Waiting | None, list[Waiting]]:
    """Return what waits for the settings' store (None if it has no spool), and for others."""
    own = store_folder(settings)
    others = [
        waiting
        for folder in _folders(spool_root(settings))
        if folder != own and ((waiting := _waiting(folder)).records or not waiting.is_sound)
    ]
    return (None if own is None else _waiting(own)), others


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir())
    except OSError:
        return []


def _waiting(folder: Path) -> Waiting:
    records = size = 0
    since: float | None = None
    damage: list[str] = []
    for path in segments.segments(folder):
        with contextlib.suppress(FileNotFoundError):  # it has just landed
            part = segments.read(path)
            records += len(part.records)
            size += part.size
            begun = path.stat().st_mtime
            since = begun if since is None else min(since, begun)
            if part.damage:
                damage.append(f"{path}: {segments.describe(part.damage)}")
    return Waiting(
        _store_of(folder), folder, records, size, since, tuple(damage), tuple(_set_aside(folder))
    )


def _store_of(folder: Path) -> str:
    try:
        return (folder / STORE_FILE).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return folder.name


def _set_aside(folder: Path) -> Iterator[Path]:
    for suffix in (DAMAGED, REFUSED):
        yield from sorted(folder.glob(f"*{suffix}"))
