"""What waits in a spool is written to the store, once, however often that is interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlmeta_track.errors import (
    AlreadyExistsError,
    InternalError,
    InvalidArgumentError,
    MlmetaTrackError,
    OutOfRangeError,
    ResourceExhaustedError,
    SettingsError,
)
from mlmeta_track.tracking.delivery import segments
from mlmeta_track.tracking.delivery.locking import locked
from mlmeta_track.tracking.delivery.segments import Part, Record

if TYPE_CHECKING:
    from mlmeta_track.store.base import Store

LOCK_FILE: Final = "replay.lock"
DAMAGED, REFUSED = ".damaged", ".refused"
"""What the names of files end with that are set aside, for somebody to look at."""

GROUP: Final = 25
"""How many batches are written in one transaction: who records meanwhile waits for one."""

_FAULTS = (AlreadyExistsError, InvalidArgumentError, OutOfRangeError, ResourceExhaustedError)


def is_the_batchs_fault(error: Exception) -> bool:
    """Say whether a batch can never land, so that it need not wait for the store."""
    if not isinstance(error, MlmetaTrackError):
        return True  # a mistake of ours, or a value that nobody foresaw
    return isinstance(error, _FAULTS) and not isinstance(error, SettingsError)


@dataclass
class Replayed:
    """What a replay did: how many batches landed, and what in words was set aside."""

    landed: int = 0
    damage: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def replay(
    store: Store, folder: Path, done: Replayed, *, process: str = "", wait: bool = False
) -> bool:
    """Write what waits in a folder to the store, and say whether it was our turn.

    A segment is removed when all of it has landed.  What landed before an interruption lands once
    more and changes nothing, for a batch that is put again is known by its external ids.

    Args:
        store: The store.
        folder: The folder of the store's spool.
        done: Is told what was done, also if it ends early.
        process: The process whose records are meant; all if not given.
        wait: Whether to wait for who is at it already.

    Raises:
        MlmetaTrackError: The store does not take them now; they wait on.
        OSError: The spool cannot be read or written.
    """
    if not segments.segments(folder, process):
        return True
    try:
        with locked(str(folder / LOCK_FILE), os.O_CREAT, wait=wait):
            for path in segments.segments(folder, process):
                _replay_segment(store, path, done)
    except BlockingIOError:
        return False
    return True


def _replay_segment(store: Store, path: Path, done: Replayed) -> None:
    part: Part | None = None
    damage: list[str] = []
    while True:
        try:
            part = segments.read(path, part)
        except FileNotFoundError:
            return
        for begin in range(0, len(part.records), GROUP):
            _put(store, part.records[begin : begin + GROUP], path, done)
        damage.extend(part.damage)
        if path.stat().st_size < part.size:
            part = None  # what was being written could not be, and was taken back
        elif _is_finished(path, part, damage, done):
            return


def _is_finished(path: Path, part: Part, damage: list[str], done: Replayed) -> bool:
    """Remove a segment, or set it aside, unless something was appended meanwhile."""
    if part.rest and not _has_grown(path, part):
        damage = [*damage, "it ends in the middle of a record, which was never acknowledged"]
    if not damage:
        return segments.take_away_if_read(path, part, path.unlink)
    aside = path.with_suffix(DAMAGED)
    if not segments.take_away_if_read(path, part, lambda: path.rename(aside)):
        return False
    done.damage.append(f"{aside}: {segments.describe(damage)}")
    return True


def _has_grown(path: Path, part: Part) -> bool:
    return path.stat().st_size != part.size


def _put(store: Store, records: Sequence[Record], path: Path, done: Replayed) -> None:
    """Write records in one transaction, or one by one if that is not taken as a whole."""
    try:
        store.put_many([record.batch for record in records])
    except MlmetaTrackError as error:
        if not is_the_batchs_fault(error) and not isinstance(error, InternalError):
            raise
        _put_each(store, records, path, done)
    except Exception:  # noqa: BLE001 - one of them is a batch that no store can take
        _put_each(store, records, path, done)
    else:
        done.landed += len(records)


def _put_each(store: Store, records: Sequence[Record], path: Path, done: Replayed) -> None:
    doubtful: list[tuple[Record, Exception]] = []
    landed = 0
    for record in records:
        try:
            store.put(record.batch)
        except InternalError as error:
            doubtful.append((record, error))
        except Exception as error:
            if not is_the_batchs_fault(error):
                raise
            _set_aside(record, error, path, done)
        else:
            landed += 1
    done.landed += landed
    # A database that refuses all is broken; one that refuses some refuses these.
    if doubtful and not landed:
        raise doubtful[0][1]
    for record, refusal in doubtful:
        _set_aside(record, refusal, path, done)


def _set_aside(record: Record, error: Exception, path: Path, done: Replayed) -> None:
    """Keep a record that the store will never take beside the segment, with what it said."""
    aside = path.with_suffix(REFUSED)
    told = json.dumps({"task": record.task, "error": f"{type(error).__name__}: {error}"})
    kept = aside.read_bytes() if aside.exists() else b""
    if record.line not in kept:  # unless an interrupted replay has kept it
        with aside.open("ab") as file:
            file.write(told.encode("utf-8", "surrogatepass") + b"\n" + record.line + b"\n")
    done.refused.append(f"{aside}: could not {record.task}: {type(error).__name__}: {error}")
