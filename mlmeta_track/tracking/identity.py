"""Identities that need no database: time-ordered for what is made, derived for what is found."""

from __future__ import annotations

import hashlib
import os
import time

from mlmeta_track.domain.description import Description


def new_id() -> str:
    """Return a UUID of version 7 (RFC 9562) as text: unique, and ordered by time."""
    milliseconds = time.time_ns() // 1_000_000
    digits = f"{milliseconds:012x}{os.urandom(10).hex()}"
    # The digit after the version's is one of 8, 9, a and b, which names the variant.
    variant = "89ab"[int(digits[16], 16) & 0b11]
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def source_id(description: Description) -> str | None:
    """Return the id of a source artifact, derived from what it is.

    Two processes that read one file derive one id, and so meet in one artifact.  None if the
    description says neither where the artifact lies nor what is in it.
    """
    if description.uri is None and description.fingerprint is None:
        return None
    facts = (
        description.type.name,
        description.type.version,
        description.uri,
        description.fingerprint,
        sorted(description.properties.items()),
    )
    # `ascii`, for which characters `repr` shows as they are differs between Python's versions.
    digest = hashlib.sha256(ascii(facts).encode()).hexdigest()
    return f"source-{digest[:40]}"
