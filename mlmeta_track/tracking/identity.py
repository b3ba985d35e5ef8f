"""Identities that need no database: time-ordered for what is made, derived for what is found."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid

from mlmeta_track.domain.description import Description


def new_id() -> str:
    """Return a UUID of version 7 (RFC 9562) as text: unique, and ordered by time."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random >> 62 & (1 << 12) - 1) << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def source_id(description: Description) -> str | None:
    """Return the id of a source artifact, derived from what it is.

    Two processes that read one file derive one id, and so meet in one artifact.  None if the
    description says neither where the artifact lies nor what is in it.
    """
    if description.uri is None and description.fingerprint is None:
        return None
    facts = [
        description.type.name,
        description.type.version,
        description.uri,
        description.fingerprint,
        sorted((name, repr(value)) for name, value in description.properties.items()),
    ]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return f"source-{digest[:40]}"
