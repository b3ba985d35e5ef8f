"""How the calls of an estimator's methods are recorded.

What an argument is called is up to the estimator; what it is shows: data is data in memory, the
first two arguments are data as lists too, and other scalars are parameters.
"""

from __future__ import annotations

import inspect
from typing import Any

from mlmeta_track.tracking.instrument import LibraryCall, describe
from mlmeta_track_sklearn.describe import (
    describe_data,
    describe_model,
    is_estimator,
    is_fitted,
    names,
)

_DATA_ARGUMENTS = 2  # X and y, however they are called


class EstimatorCall(LibraryCall):
    """A call of a method of an estimator."""

    @property
    def estimator(self) -> Any:
        """The estimator, whatever its methods call it."""
        return next(iter(self._arguments.values()), None)

    def use_data(self, step: Any) -> None:
        """Tell the step its data, and the scalars among the arguments."""
        parameters: dict[str, Any] = {}
        for i, (name, value) in enumerate(self._others().items()):
            described = None if value is None else describe(value)
            if described is None and i < _DATA_ARGUMENTS:
                described = describe_data(value)
            if described is not None:
                step.use(value, (name,), description=described)
            elif value is not None:
                parameters[name] = value
        step.log_params(parameters)

    def _others(self) -> dict[str, Any]:
        """Return all arguments but the estimator, and what is in a dict of them beside them."""
        others = dict(list(self._arguments.items())[1:])
        for name, value in list(others.items()):
            if type(value) is dict:
                others = {k: v for k, v in others.items() if k != name} | value
        return others

    def make_data(self, step: Any, result: Any) -> None:
        """Tell the step the data that was returned, if it is data."""
        described = None if result is None else describe(result)
        if described is not None and result is not self.estimator:
            step.make(result, (self._tracked.returns,), described)


class Fitting(EstimatorCall):
    """A call that trains: data and parameters in, a model out."""

    def describe_start(self, step: Any) -> None:
        """Tell the step the data, the parameters, and the model that training goes on from."""
        if self._goes_on():
            step.use(self.estimator, ("model",), description=describe_model(self.estimator))
        self.use_data(step)
        step.log_params(_parameters(self.estimator) | names(self.estimator))

    def _goes_on(self) -> bool:
        is_incremental = self._tracked.name == "partial_fit"
        warm = is_incremental or getattr(self.estimator, "__dict__", {}).get("warm_start") is True
        return warm and is_fitted(self.estimator)

    def describe_result(self, step: Any, result: Any) -> None:
        """Tell the step the model, what a search found, and the data that was returned."""
        step.make(self.estimator, ("model",), describe_model(self.estimator))
        found = getattr(self.estimator, "__dict__", {})
        best = found.get("best_score_")
        if isinstance(best, float):
            step.log_metrics({"best_score": float(best)})
        if isinstance(found.get("best_params_"), dict):
            step.log_params({"best_params": found["best_params_"]})
        if self._tracked.returns is not None:
            self.make_data(step, result)


class Using(EstimatorCall):
    """A call that asks a model: the model and data in, data or a score out."""

    def describe_start(self, step: Any) -> None:
        """Tell the step the model and the data."""
        if is_fitted(self.estimator):
            step.use(self.estimator, ("model",), description=describe_model(self.estimator))
        self.use_data(step)
        step.log_params(names(self.estimator))

    def describe_result(self, step: Any, result: Any) -> None:
        """Tell the step what came out."""
        if isinstance(result, float):
            step.log_metrics({self._tracked.name: float(result)})
        elif self._tracked.returns is not None:
            self.make_data(step, result)


def _parameters(estimator: Any) -> dict[str, Any]:
    """Return an estimator's own parameters; of what it is composed of, the classes' names."""
    try:
        parameters = estimator.get_params(deep=False)
        return {k: _shown(v) for k, v in parameters.items() if v is not None}
    except Exception:  # noqa: BLE001 - it may be the user's own method
        return {}


def _shown(value: Any) -> Any:
    kind = type(value)
    if is_estimator(kind):
        return kind.__name__
    if issubclass(kind, type) or inspect.isroutine(value):
        return f"{value.__module__}.{value.__qualname__}"
    if kind in (list, tuple) and value and all(type(item) is tuple for item in value):
        return {item[0]: _shown(item[1]) for item in value}
    return value
