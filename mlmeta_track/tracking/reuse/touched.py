"""The files that a step reads and writes while it works, steps inside it included."""

from __future__ import annotations

from mlmeta_track.tracking.forking import ForkSafeLock


class Touched:
    """What was found of a step's files, by the fingerprints that were recorded of them."""

    def __init__(self, outer: Touched | None) -> None:
        """Have found nothing yet; what is found is the outer step's as well."""
        self.read: dict[str, str | None] = {}
        self.written: set[str] = set()
        self._outer = outer
        self._lock = ForkSafeLock()

    def note(self, uri: str | None, fingerprint: str | None, *, is_input: bool) -> None:
        """Take note of an artifact that lies somewhere.

        What the step has written before it reads it is its own, and nothing that it depends on.
        """
        if not uri:
            return
        with self._lock:
            if not is_input:
                self.written.add(uri)
            elif uri not in self.written:
                self.read.setdefault(uri, fingerprint)
        if self._outer is not None:
            self._outer.note(uri, fingerprint, is_input=is_input)
