"""Record what an ML pipeline did, in the model of ML Metadata, without rewriting the pipeline."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlmeta_track.errors import MlmetaTrackError
    from mlmeta_track.tracking.active import Suppress as suppress  # noqa: N813 - used as a verb
    from mlmeta_track.tracking.artifacts import Artifact, Input, Output
    from mlmeta_track.tracking.asking import lineage
    from mlmeta_track.tracking.comparing import compare
    from mlmeta_track.tracking.context.attaching import (
        Attach as attach,  # noqa: N813 - used as a verb
    )
    from mlmeta_track.tracking.context.attaching import context_token
    from mlmeta_track.tracking.current import (
        flush,
        get_store,
        log_input,
        log_metrics,
        log_output,
        log_params,
    )
    from mlmeta_track.tracking.decorators import step
    from mlmeta_track.tracking.instrument import autotrack, untrack
    from mlmeta_track.tracking.loading import load
    from mlmeta_track.tracking.runs import Experiment as experiment  # noqa: N813 - used as a verb
    from mlmeta_track.tracking.runs import Run as run  # noqa: N813 - used as a verb
    from mlmeta_track.tracking.searching import (
        search_artifacts,
        search_contexts,
        search_executions,
    )
    from mlmeta_track.tracking.setup import init

__version__ = "0.1.0"

__all__ = [
    "Artifact",
    "Input",
    "MlmetaTrackError",
    "Output",
    "attach",
    "autotrack",
    "compare",
    "context_token",
    "experiment",
    "flush",
    "get_store",
    "init",
    "lineage",
    "load",
    "log_input",
    "log_metrics",
    "log_output",
    "log_params",
    "run",
    "search_artifacts",
    "search_contexts",
    "search_executions",
    "step",
    "suppress",
    "untrack",
]

# Where each name is.  It is loaded when it is first asked for: the command line, which only reads,
# would wait a tenth of a second for what recording needs.
_PLACES = {
    "Artifact": "tracking.artifacts:Artifact",
    "Input": "tracking.artifacts:Input",
    "MlmetaTrackError": "errors:MlmetaTrackError",
    "Output": "tracking.artifacts:Output",
    "attach": "tracking.context.attaching:Attach",
    "autotrack": "tracking.instrument:autotrack",
    "compare": "tracking.comparing:compare",
    "context_token": "tracking.context.attaching:context_token",
    "experiment": "tracking.runs:Experiment",
    "flush": "tracking.current:flush",
    "get_store": "tracking.current:get_store",
    "init": "tracking.setup:init",
    "lineage": "tracking.asking:lineage",
    "load": "tracking.loading:load",
    "log_input": "tracking.current:log_input",
    "log_metrics": "tracking.current:log_metrics",
    "log_output": "tracking.current:log_output",
    "log_params": "tracking.current:log_params",
    "run": "tracking.runs:Run",
    "search_artifacts": "tracking.searching:search_artifacts",
    "search_contexts": "tracking.searching:search_contexts",
    "search_executions": "tracking.searching:search_executions",
    "step": "tracking.decorators:step",
    "suppress": "tracking.active:Suppress",
    "untrack": "tracking.instrument:untrack",
}


if not TYPE_CHECKING:  # or any name would be one to a type checker

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        module, _, attribute = _PLACES[name].partition(":")
        value: object = getattr(import_module(f"{__name__}.{module}"), attribute)
        globals()[name] = value  # the next time it is found without being asked for
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
