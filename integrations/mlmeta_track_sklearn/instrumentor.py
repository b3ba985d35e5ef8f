"""What ``autotrack("sklearn")`` switches on."""

from __future__ import annotations

from typing import ClassVar

from mlmeta_track.tracking.instrument import Instrumentor, TrackedFamily, TrackedFunction
from mlmeta_track_sklearn.functions import ESTIMATORS, FILES


class SklearnInstrumentor(Instrumentor):
    """Records what estimators learn from, and the files that joblib keeps models in."""

    prefix: ClassVar[str] = "sklearn"
    module: ClassVar[str] = "sklearn"
    distribution: ClassVar[str] = "scikit-learn"
    supported: ClassVar[tuple[str, str]] = ("1.2", "2")
    functions: ClassVar[tuple[TrackedFunction, ...]] = FILES
    families: ClassVar[tuple[TrackedFamily, ...]] = (ESTIMATORS,)
