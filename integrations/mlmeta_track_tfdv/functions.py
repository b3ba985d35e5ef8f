"""The table of TFDV's functions: one row says how one function's calls are recorded.

Event keys are those of TFX's components: ``examples``, ``statistics``, ``schema``, ``anomalies``.
"""

from __future__ import annotations

from mlmeta_track.tracking.instrument import TrackedFunction

# Objects of many settings, some of them secret; no scalars.
_OPTIONS = frozenset({"stats_options", "pipeline_options"})

GENERATING = (
    TrackedFunction(
        name="generate_statistics_from_csv",
        data={"data_location": "examples"},
        returns="statistics",
        saved_to="output_path",
        unrecorded=_OPTIONS,
    ),
    TrackedFunction(
        name="generate_statistics_from_tfrecord",
        data={"data_location": "examples"},
        returns="statistics",
        saved_to="output_path",
        unrecorded=_OPTIONS,
    ),
    TrackedFunction(
        name="generate_statistics_from_dataframe",
        inputs={"dataframe": "examples"},
        returns="statistics",
        unrecorded=frozenset({"stats_options"}),
    ),
)

VALIDATING = (
    TrackedFunction(
        name="infer_schema",
        inputs={"statistics": "statistics"},
        returns="schema",
    ),
    TrackedFunction(
        name="validate_statistics",
        inputs={
            "statistics": "statistics",
            "schema": "schema",
            "previous_statistics": "previous_statistics",
            "serving_statistics": "serving_statistics",
        },
        returns="anomalies",
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
    TrackedFunction(name="load_schema_text", loads_from="input_path", returns="schema"),
    TrackedFunction(name="load_anomalies_text", loads_from="input_path", returns="anomalies"),
)

FUNCTIONS = (*GENERATING, *VALIDATING, *FILES)
