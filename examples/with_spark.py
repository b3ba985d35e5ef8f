"""Steps in what Spark's workers run belong to the step that has asked for the result."""

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

import mlmeta_track as mt


@mt.step
def evaluate(rate: float) -> float:
    """Stand for work that takes long."""
    return (rate - 0.3) ** 2


def evaluate_group(rates: pd.DataFrame) -> pd.DataFrame:
    """Evaluate the rates of one group."""
    return rates.assign(error=[evaluate(float(rate)) for rate in rates["rate"]])


@mt.step
def search(rates: DataFrame) -> float:
    """Find the least error."""
    errors = rates.groupBy("rate").applyInPandas(evaluate_group, "rate double, error double")
    return min(row.error for row in errors.collect())


if __name__ == "__main__":
    mt.init(autotrack=["spark"])
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    with spark.getOrCreate() as session, mt.run("rates"):
        print(search(session.createDataFrame([(0.1,), (0.2,), (0.3,)], "rate double")))
