"""What lies in Kedro's catalog, as artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import DATASET
from mlmeta_track.tracking.instrument import describe, describe_path, with_size

_PARAMETERS: Final = "parameters"
_PREFIX: Final = "params:"
_LOCAL: Final = ("", "file", "local")


def is_parameter(name: str) -> bool:
    """Tell whether a node's input is one of the project's parameters, or all of them."""
    return name == _PARAMETERS or name.startswith(_PREFIX)


def parameters(name: str, value: Any) -> dict[str, Any]:
    """Return parameters by name; those in a dictionary each by its own, with dots."""
    short = name.removeprefix(_PREFIX)
    if not isinstance(value, Mapping):
        return {short: value}
    start = "" if name == _PARAMETERS else f"{short}."
    found: dict[str, Any] = {}
    for key, item in value.items():
        found.update(parameters(f"{start}{key}", item))
    return found


def described(catalog: Any, name: str, value: Any, run_id: str, *, is_saved: bool) -> Description:
    """Describe a data set: by its file, by its content, or else by its name in this run.

    Args:
        catalog: The catalog that it is in.
        name: Its name there.
        value: What was loaded, or saved.
        run_id: Kedro's id of the run.
        is_saved: Whether it has just been saved.
    """
    dataset = _inner(catalog.get(name))
    facts = {"kedro_dataset": name, "kedro_type": type(dataset).__name__}
    place = _place(dataset, is_saved=is_saved)
    if place is not None:
        found = with_size(describe_path(place, DATASET))
    else:
        by_name = Description(DATASET, fingerprint=f"kedro-run:{run_id}:{name}")
        found = describe(value) or by_name
    return replace(found, custom_properties={**found.custom_properties, **facts})


def _inner(dataset: Any) -> Any:
    """Return the data set inside one that keeps what it has loaded."""
    while type(dataset).__name__ == "CachedDataset":
        dataset = dataset._dataset  # noqa: SLF001 - Kedro has no other way to it
    return dataset


def _place(dataset: Any, *, is_saved: bool) -> str | None:
    """Return the path or URI of a data set; None if it has none, or is in memory."""
    path = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
    if path is None:
        return None
    if getattr(dataset, "_version", None):
        resolve = dataset.resolve_save_version if is_saved else dataset.resolve_load_version
        path = dataset._get_versioned_path(resolve())  # noqa: SLF001
    protocol = getattr(dataset, "_protocol", None) or ""
    return str(path) if protocol in _LOCAL or "://" in str(path) else f"{protocol}://{path}"
