"""Fitted estimators as models, and arrays as data in memory; both known by their content."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.domain.types import DATASET, ArtifactType
from mlmeta_track_sklearn.content import fingerprint

MODEL = ArtifactType("Model", base_type="mlmd.Model")
"""TFX's name for a model."""

MOST_PLAIN = 100
"""An array of no more values is a parameter of a step that takes it, as a list of them would be."""

_DIMENSIONS_OF_A_TABLE = 2


def describe(value: Any) -> Description | None:
    """Describe a fitted estimator, an array or a sparse matrix; None for any other value."""
    try:
        return _described(value)
    except Exception:  # noqa: BLE001 - subclasses may do anything when they are asked for a shape
        return None


def _described(value: Any) -> Description | None:
    kind = type(value)
    if is_estimator(kind):
        return describe_model(value) if is_fitted(value) else None
    numpy = sys.modules.get("numpy")
    array_class: Any = getattr(numpy, "ndarray", None)
    if array_class is not None and issubclass(kind, array_class):
        return _describe_array(value, "array") if value.ndim else None
    if kind.__module__.startswith("scipy.sparse") and hasattr(kind, "tocoo"):
        return _describe_array(value, "sparse")
    return None


def describe_model(estimator: Any) -> Description:
    """Describe an estimator as a model."""
    facts: dict[str, PropertyValue] = dict(names(estimator))
    state = _state(estimator)
    if type(state.get("n_features_in_")) is int:
        facts["features"] = state["n_features_in_"]
    classes: Any = state.get("classes_")
    if getattr(classes, "ndim", 0) == 1:
        facts["classes"] = len(classes)
    return Description(MODEL, fingerprint=fingerprint(estimator, "model"), custom_properties=facts)


def describe_data(value: Any) -> Description | None:
    """Describe data that comes as plain lists, which anywhere else are no artifacts."""
    if type(value) not in (list, tuple) or not value:
        return None
    return Description(
        DATASET,
        fingerprint=fingerprint(value, "list"),
        custom_properties={"rows": len(value)},
    )


def names(estimator: Any) -> dict[str, str]:
    """Return an estimator's class under the names that MLflow gives it."""
    kind = type(estimator)
    return {
        "estimator_name": kind.__name__,
        "estimator_class": f"{kind.__module__}.{kind.__qualname__}",
    }


def is_estimator(kind: type) -> bool:
    """Tell whether a class is an estimator's; while scikit-learn is not imported none is."""
    base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
    return base is not None and issubclass(kind, base)


def is_fitted(estimator: Any) -> bool:
    """Tell whether an estimator has learned something.

    It is asked itself, if it can say; else the names in it tell, by scikit-learn's convention, or
    that it has more than it was made with.
    """
    try:
        if hasattr(type(estimator), "__sklearn_is_fitted__"):
            return bool(estimator.__sklearn_is_fitted__())
        state = _state(estimator)
        if any(name.endswith("_") and not name.startswith("__") for name in state):
            return True
        given = inspect.signature(type(estimator).__init__).parameters
        return any(value is not None for name, value in state.items() if name not in given)
    except Exception:  # noqa: BLE001 - it is the estimator's own code that is asked
        return False


def _describe_array(array: Any, kind: str) -> Description:
    shape = [int(length) for length in array.shape]
    facts: dict[str, PropertyValue] = {"rows": shape[0], "columns": [*shape, 1][1]}
    if len(shape) > _DIMENSIONS_OF_A_TABLE:
        facts["shape"] = json.dumps(shape)
    is_array = kind == "array"
    is_small = is_array and array.size <= MOST_PLAIN and not array.dtype.hasobject
    return Description(
        DATASET,
        fingerprint=fingerprint(array if is_array else _parts(array), kind),
        custom_properties=facts,
        plain=array.tolist() if is_small else None,
    )


def _parts(matrix: Any) -> tuple[Any, ...]:
    """Return what a sparse matrix is made of; what it has found out of itself is no content."""
    parts = [getattr(matrix, name, None) for name in ("data", "indices", "indptr", "row", "col")]
    if len([part for part in parts if part is not None]) <= 1:
        coordinates = matrix.tocoo()
        parts = [coordinates.data, coordinates.row, coordinates.col]
    return matrix.format, matrix.shape, parts


def _state(estimator: Any) -> dict[str, Any]:
    return getattr(estimator, "__dict__", {})
