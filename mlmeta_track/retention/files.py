"""Files deleted together with the records of what was in them: payloads, and data files."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mlmeta_track.store.maintenance import Gone, Maintenance

_PASSING = ".unfinished-"

Fingerprint = Callable[[str], "str | None"]
"""Gives the fingerprint of the file at a path, or None."""


@dataclass
class Files:
    """What is done to the files of artifacts that went; hand it to ``carry_out`` as ``taken``.

    A file stays if an artifact refers to it that is not deleted.

    Args:
        maintenance: The store's.
        payloads: The folder whose payloads are deleted; None leaves them.
        fingerprint: Data files are deleted whose content is what was recorded; None leaves them.
        grace: What was written or used in this time stays.
    """

    maintenance: Maintenance
    payloads: Path | None
    fingerprint: Fingerprint | None
    grace: timedelta
    n_payloads: int = 0
    n_files: int = 0
    n_bytes: int = 0

    def __call__(self, gone: Gone) -> None:
        """Delete the files of artifacts that are gone."""
        known = dict(gone.uris)
        in_use = self.maintenance.uris_in_use(list(known)) if known else set[str]()
        for uri, recorded in known.items():
            if uri not in in_use and "://" not in uri:
                self._delete(Path(uri), recorded)

    def _delete(self, path: Path, recorded: str | None) -> None:
        try:
            if not path.is_file():
                return
            size = path.stat().st_size
            is_payload = self.payloads is not None and _is_below(path, self.payloads)
            done = self._delete_payload(path) if is_payload else self._delete_file(path, recorded)
        except (OSError, ValueError):
            return  # It is not ours to delete, or not there any more.
        self.n_payloads += done and is_payload
        self.n_files += done and not is_payload
        self.n_bytes += size if done else 0

    def _delete_payload(self, path: Path) -> bool:
        """Delete a payload, unless a writer has just taken it for its own."""
        passing = path.with_name(_PASSING + path.name)
        if self._is_young(path):
            return False
        path.rename(passing)
        if self._is_young(passing):
            passing.rename(path)
            return False
        passing.unlink()
        with suppress(OSError):  # Others are in the folder, or above it.
            path.parent.rmdir()
            path.parent.parent.rmdir()
        return True

    def _delete_file(self, path: Path, recorded: str | None) -> bool:
        if self.fingerprint is None or recorded is None or self._is_young(path):
            return False
        if self.fingerprint(str(path)) != recorded:
            return False  # Somebody has written something else there.
        path.unlink()
        return True

    def _is_young(self, path: Path) -> bool:
        return time.time() - path.stat().st_mtime < self.grace.total_seconds()


def _is_below(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents
