"""The table of TFDV's functions: one row says how one function's calls are recorded.

Event keys are those of TFX's components: ``examples``, ``statistics``, ``schema``, ``anomalies``.
PTransforms, which are recorded when a pipeline runs, have a table of their own in ``transforms``.
Public names that are not recorded stand in ``UNRECORDED``, each with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlmeta_track.tracking.instrument import TrackedFunction
from mlmeta_track_tfdv import options
from mlmeta_track_tfdv.describe import STATISTICS
from mlmeta_track_tfdv.shards import LoadingShards

_PACKAGE = "tensorflow_data_validation"
_VALIDATION_API = f"{_PACKAGE}.api.validation_api"
_ANOMALIES_UTIL = f"{_PACKAGE}.utils.anomalies_util"
_STATS_UTIL = f"{_PACKAGE}.utils.stats_util"
_STATS_IMPL = f"{_PACKAGE}.statistics.stats_impl"

_STATS_OPTIONS = {"stats_options": options.stats_options}
_OPTIONS = {**_STATS_OPTIONS, "pipeline_options": options.pipeline_options}
_SCHEMA_OPTION = {"stats_options.schema": "schema"}
_VOCABULARIES = {"stats_options.vocab_paths": "vocabularies"}
_VALIDATED = {"statistics": "statistics", "schema": "schema"}
_OTHERS = {
    "previous_statistics": "previous_statistics",
    "serving_statistics": "serving_statistics",
}


def _proto(view: Any) -> Any:
    return view.proto()


def _statistics_of(result: Any) -> Any:
    """Return the statistics, without the sampled examples that may come with them."""
    return result[0] if isinstance(result, tuple) else result


GENERATING = (
    TrackedFunction(
        name="generate_statistics_from_csv",
        data={"data_location": "examples", **_VOCABULARIES},
        inputs=_SCHEMA_OPTION,
        returns="statistics",
        saved_to="output_path",
        shows=_OPTIONS,
    ),
    TrackedFunction(
        name="generate_statistics_from_tfrecord",
        data={"data_location": "examples", **_VOCABULARIES},
        inputs=_SCHEMA_OPTION,
        returns="statistics",
        saved_to="output_path",
        shows=_OPTIONS,
    ),
    TrackedFunction(
        name="generate_statistics_from_dataframe",
        inputs={"dataframe": "examples", **_SCHEMA_OPTION},
        data=_VOCABULARIES,
        returns="statistics",
        shows=_STATS_OPTIONS,
    ),
    TrackedFunction(
        name="generate_statistics_in_memory",
        module=_STATS_IMPL,
        inputs={"options.schema": "schema"},
        returns="statistics",
        shows={"options": options.stats_options},
    ),
    TrackedFunction(name="get_slice_stats", inputs={"stats": "statistics"}, returns="statistics"),
)

VALIDATING = (
    TrackedFunction(
        name="infer_schema",
        inputs={"statistics": "statistics"},
        # It drops features of which it knows too little from the statistics that it is given.
        changes={"statistics": "statistics"},
        returns="schema",
        shows={"schema_transformations": options.names},
    ),
    TrackedFunction(
        name="update_schema",
        inputs={"schema": "schema", "statistics": "statistics"},
        changes={"statistics": "statistics"},
        returns="schema",
    ),
    TrackedFunction(
        name="validate_statistics",
        inputs={**_VALIDATED, **_OTHERS},
        returns="anomalies",
        shows={"custom_validation_config": options.text},
    ),
    TrackedFunction(
        name="validate_corresponding_slices",
        inputs={**_VALIDATED, **_OTHERS},
        returns="anomalies",
    ),
    TrackedFunction(
        name="validate_statistics_internal",
        module=_VALIDATION_API,
        inputs={
            **_VALIDATED,
            "previous_span_statistics": "previous_span_statistics",
            "serving_statistics": "serving_statistics",
            "previous_version_statistics": "previous_version_statistics",
        },
        returns="anomalies",
        shows={"custom_validation_config": options.text},
    ),
    TrackedFunction(
        name="custom_validate_statistics",
        module=_VALIDATION_API,
        inputs={"statistics": "statistics", "baseline_statistics": "baseline_statistics"},
        returns="anomalies",
        shows={"validations": options.text},
    ),
    TrackedFunction(
        name="validate_instance",
        module=_VALIDATION_API,
        inputs={"options.schema": "schema"},
        returns="anomalies",
        shows={"options": options.stats_options},
    ),
    TrackedFunction(
        name="validate_examples_in_csv",
        data={"data_location": "examples", **_VOCABULARIES},
        inputs=_SCHEMA_OPTION,
        returns="statistics",
        finds=_statistics_of,
        saved_to="output_path",
        shows=_OPTIONS,
    ),
    TrackedFunction(
        name="validate_examples_in_tfrecord",
        data={"data_location": "examples", **_VOCABULARIES},
        inputs=_SCHEMA_OPTION,
        returns="statistics",
        finds=_statistics_of,
        saved_to="output_path",
        shows=_OPTIONS,
    ),
    TrackedFunction(
        name="remove_anomaly_types",
        module=_ANOMALIES_UTIL,
        inputs={"anomalies": "anomalies"},
        changes={"anomalies": "anomalies"},
        shows={"types_to_remove": sorted},
    ),
)

EDITING = (
    TrackedFunction(
        name="set_domain",
        inputs={"schema": "schema"},
        changes={"schema": "schema"},
        shows={"feature_path": str, "domain": options.text},
    ),
    TrackedFunction(
        name="generate_dummy_schema_with_paths",
        returns="schema",
        shows={"paths": lambda paths: [str(path) for path in paths]},
    ),
)

FILES = (
    TrackedFunction(
        name="write_stats_text",
        inputs={"stats": "statistics"},
        writes=("stats", "output_path"),
    ),
    TrackedFunction(
        name="write_schema_text",
        inputs={"schema": "schema"},
        writes=("schema", "output_path"),
    ),
    TrackedFunction(
        name="write_anomalies_text",
        inputs={"anomalies": "anomalies"},
        writes=("anomalies", "output_path"),
    ),
    TrackedFunction(name="load_statistics", loads_from="input_path", returns="statistics"),
    TrackedFunction(name="load_stats_text", loads_from="input_path", returns="statistics"),
    TrackedFunction(name="load_stats_binary", loads_from="input_path", returns="statistics"),
    TrackedFunction(
        name="load_stats_tfrecord",
        module=_STATS_UTIL,
        loads_from="input_path",
        returns="statistics",
    ),
    TrackedFunction(
        name="load_sharded_statistics",
        data={"input_paths": "shards"},
        data_type=STATISTICS,
        loads_from="input_path_prefix",
        returns="statistics",
        finds=_proto,
        unrecorded=frozenset({"io_provider"}),
        describer=LoadingShards,
    ),
    TrackedFunction(name="load_schema_text", loads_from="input_path", returns="schema"),
    TrackedFunction(name="load_anomalies_text", loads_from="input_path", returns="anomalies"),
    TrackedFunction(
        name="load_anomalies_binary",
        module=_ANOMALIES_UTIL,
        loads_from="input_path",
        returns="anomalies",
    ),
)

FUNCTIONS = (*GENERATING, *VALIDATING, *EDITING, *FILES)

_DISPLAY = "shows what is recorded already, and makes nothing"
_GETTER = "returns a part of what it is given, and is called too often to be recorded"
_VIEW = "a view: reads what is recorded already"
_BASE = "a base class for the user's own generators, which run in Beam's workers"
_VALUE = "a value that becomes a parameter of the functions it is given to"
_SETTING = "tells how TFDV is set up"
_MODULE = "a module: its functions are recorded as the ones that they are"

UNRECORDED: Mapping[str, str] = {
    "compare_slices": _DISPLAY,
    "display_anomalies": _DISPLAY,
    "display_schema": _DISPLAY,
    "get_confusion_count_dataframes": _DISPLAY,
    "get_match_stats_dataframe": _DISPLAY,
    "get_skew_result_dataframe": _DISPLAY,
    "get_statistics_html": _DISPLAY,
    "visualize_statistics": _DISPLAY,
    "get_domain": _GETTER,
    "get_feature": _GETTER,
    "get_feature_stats": _GETTER,
    "CrossFeatureView": _VIEW,
    "DatasetListView": _VIEW,
    "DatasetView": _VIEW,
    "FeatureView": _VIEW,
    "CombinerStatsGenerator": _BASE,
    "TransformStatsGenerator": _BASE,
    "FeaturePath": _VALUE,
    "StatsOptions": _VALUE,
    "experimental_get_feature_value_slicer": _VALUE,
    "default_sharded_output_suffix": _SETTING,
    "default_sharded_output_supported": _SETTING,
    **dict.fromkeys(
        (
            "anomalies",
            "api",
            "arrow",
            "coders",
            "constants",
            "pywrap",
            "skew",
            "statistics",
            "types",
            "utils",
            "version",
        ),
        _MODULE,
    ),
}
"""Public names of TFDV that are not recorded, each with the reason."""
