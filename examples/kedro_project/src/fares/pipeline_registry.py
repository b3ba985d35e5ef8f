"""The project's one pipeline."""

import pandas as pd
from kedro.pipeline import Pipeline, node


def clean(raw: pd.DataFrame, least: float) -> pd.DataFrame:
    """Leave out the fares that are too small."""
    return raw[raw["fare"] >= least]


def summarise(cleaned: pd.DataFrame) -> dict[str, float]:
    """Return what is worth knowing of the fares."""
    return {"mean": float(cleaned["fare"].mean())}


def register_pipelines() -> dict[str, Pipeline]:
    """Return the pipelines by name."""
    steps = [node(clean, ["raw", "params:least"], "cleaned"), node(summarise, "cleaned", "summary")]
    return {"__default__": Pipeline(steps)}
