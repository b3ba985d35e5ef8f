"""The package's own formats, as a plugin like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from mlmeta_track.plugins import hookimpl

if TYPE_CHECKING:
    from mlmeta_track.domain.batch import Batch

_FORMATS = {
    "dot": "mlmeta_track.exporters.graphs:dot",
    "graphml": "mlmeta_track.exporters.graphs:graphml",
    "json": "mlmeta_track.exporters.document:write",
    "mermaid": "mlmeta_track.exporters.graphs:mermaid",
    "openlineage": "mlmeta_track.exporters.openlineage:lines",
    "prov": "mlmeta_track.exporters.prov:write",
}


@hookimpl
def export_formats() -> Mapping[str, str]:
    """Return the formats by name."""
    return _FORMATS


@hookimpl
def batch_recorded(batch: Batch, exports: Sequence[str]) -> None:
    """Send a step's news to OpenLineage, where the setting ``export`` names it."""
    if "openlineage" in exports:
        import_module("mlmeta_track.exporters.live").emit(batch)
