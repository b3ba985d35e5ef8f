"""What ``autotrack("tfdv")`` switches on."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import ClassVar

from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction
from mlmeta_track_tfdv.beam import PipelineRuns
from mlmeta_track_tfdv.functions import FUNCTIONS


class TfdvInstrumentor(Instrumentor):
    """Records the calls of TFDV's functions, under their public names and in their modules.

    Its PTransforms are recorded when a pipeline of Beam's runs that has them.

    TFX's own calls are left out: its executors record what they do.
    """

    prefix: ClassVar[str] = "tfdv"
    module: ClassVar[str] = "tensorflow_data_validation"
    distribution: ClassVar[str] = "tensorflow-data-validation"
    supported: ClassVar[tuple[str, str]] = ("1.15", "1.18")
    functions: ClassVar[tuple[TrackedFunction, ...]] = FUNCTIONS
    silent_callers: ClassVar[tuple[str, ...]] = ("tfx",)

    def __init__(self) -> None:
        """Be switched off."""
        super().__init__()
        self._pipelines = PipelineRuns(self.wrap_method)

    def modules(self) -> list[str]:
        """Return the modules that functions are tracked in, Beam's among them."""
        pipelines = [str(row.module) for row in self._pipelines.rows]
        return list(dict.fromkeys([*super().modules(), *pipelines]))

    def rows(self, module: ModuleType) -> Iterable[TrackedFunction]:
        """Return what is tracked in a module that has just been imported."""
        pipelines = [row for row in self._pipelines.rows if row.module == module.__name__]
        return [*super().rows(module), *pipelines]
