"""The table: the methods of all estimators, and joblib's files."""

from __future__ import annotations

from mlmeta_track.tracking.instrument import TrackedFamily, TrackedFunction
from mlmeta_track_sklearn.calls import Fitting, Using

FITTING = (
    TrackedFunction(name="fit", describer=Fitting),
    TrackedFunction(name="fit_transform", returns="transformed", describer=Fitting),
    TrackedFunction(name="fit_predict", returns="predictions", describer=Fitting),
    # Called once for each batch of data.
    TrackedFunction(name="partial_fit", describer=Fitting, on_request=True),
)

# Called for each request that a model serves.
USING = (
    TrackedFunction(name="predict", returns="predictions", describer=Using, on_request=True),
    TrackedFunction(
        name="predict_proba", returns="probabilities", describer=Using, on_request=True
    ),
    TrackedFunction(name="transform", returns="transformed", describer=Using, on_request=True),
    TrackedFunction(name="score", describer=Using, on_request=True),
)

ESTIMATORS = TrackedFamily(
    base="BaseEstimator",
    module="sklearn.base",
    methods=(*FITTING, *USING),
    beside=("TransformerMixin",),  # which wraps what transforms in each class of its own
)

FILES = (
    TrackedFunction(
        name="dump",
        module="joblib",
        type_name="joblib.dump",
        inputs={"value": "model"},
        writes=("value", "filename"),
    ),
    TrackedFunction(
        name="load",
        module="joblib",
        type_name="joblib.load",
        loads_from="filename",
        returns="model",
        unrecorded=frozenset({"mmap_mode"}),
    ),
)
