"""The hooks that this integration implements; loading them must not import acme."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.plugins import hookimpl

TABLE = ArtifactType("AcmeTable", base_type="mlmd.Dataset")
COUNTER = ArtifactType("AcmeCounter", base_type="mlmd.Model")


@hookimpl
def instrumentors() -> Mapping[str, str]:
    """Offer ``autotrack("acme")``; the class is imported when that is first called."""
    return {"acme": "mlmeta_track_acme.instrumentor:AcmeInstrumentor"}


@hookimpl
def describe_artifact(value: Any) -> Description | None:
    """Recognise tables and counters by their class's name, so that acme need not be imported."""
    kind = type(value)
    if kind.__module__ != "acme":
        return None
    if kind.__qualname__ == "Table":
        facts = {"lines": len(value.lines)}
        return Description(TABLE, fingerprint=_fingerprint(value.lines), custom_properties=facts)
    if kind.__qualname__ == "LineCounter":
        facts = {"different_lines": len(value.counts)}
        counts = sorted(value.counts.items())
        return Description(COUNTER, fingerprint=_fingerprint(counts), custom_properties=facts)
    return None


def _fingerprint(content: object) -> str:
    """Return text that is equal for equal content, in every process."""
    return f"acme-sha256:{hashlib.sha256(repr(content).encode()).hexdigest()}"
