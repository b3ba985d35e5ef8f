"""Record what an ML pipeline did, in the model of ML Metadata, without rewriting the pipeline."""

from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.tracking.active import Suppress as suppress  # noqa: N813 - used as a verb
from mlmeta_track.tracking.artifacts import Artifact, Input, Output
from mlmeta_track.tracking.asking import lineage
from mlmeta_track.tracking.comparing import compare
from mlmeta_track.tracking.context.attaching import Attach as attach  # noqa: N813 - used as a verb
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
