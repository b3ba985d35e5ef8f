"""What ``autotrack("tfdv")`` switches on."""

from __future__ import annotations

from typing import ClassVar

from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction
from mlmeta_track_tfdv.functions import FUNCTIONS


class TfdvInstrumentor(Instrumentor):
    """Records the calls of TFDV's functions, under their public names and in their modules.

    TFX's own calls are left out: its executors record what they do.
    """

    prefix: ClassVar[str] = "tfdv"
    module: ClassVar[str] = "tensorflow_data_validation"
    distribution: ClassVar[str] = "tensorflow-data-validation"
    supported: ClassVar[tuple[str, str]] = ("1.15", "1.18")
    functions: ClassVar[tuple[TrackedFunction, ...]] = FUNCTIONS
    silent_callers: ClassVar[tuple[str, ...]] = ("tfx",)
