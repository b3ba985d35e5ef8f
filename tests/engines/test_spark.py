"""Spark: what its jobs do belongs to the step that has asked for them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlmeta_track_spark import carried
from mlmeta_track_spark.plugin import PROPERTY
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf, udf

import mlmeta_track as mt
from tests.engines.work import measure, measure_each, measured, of_step
from tests.servers import lacking


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A cluster of two executors, each a process with Python workers of its own."""
    if shutil.which("java") is None:
        lacking("Java")
    builder = SparkSession.builder.master("local-cluster[2,1,512]")
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "512m",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(autouse=True)
def tracked() -> Iterator[None]:
    mt.autotrack("spark")
    yield
    mt.untrack("spark")


def test_what_two_workers_do_belongs_to_the_step_that_asked(
    spark: SparkSession, server_url: str
) -> None:
    mt.init(server_url, strict=True)
    numbers = spark.sparkContext.parallelize(range(8), 8)
    with mt.experiment("E"), mt.run("R"), mt.step("ask") as step:
        processes = numbers.map(measure).collect()
    assert len(set(processes)) >= 2
    assert measured() == of_step(range(8), step, "E", "R")


def test_every_kind_of_function_of_rdds_carries(spark: SparkSession, store: Any) -> None:
    def measure_all(numbers: Iterable[int]) -> None:
        for number in numbers:
            measure(number)

    numbers = spark.sparkContext.parallelize([1, 2], 2)
    with mt.run("R"), mt.step("ask") as step:
        numbers.mapPartitions(measure_each).count()
        numbers.map(lambda number: number + 2).foreachPartition(measure_all)
        numbers.map(lambda number: number + 4).foreach(measure)
        numbers.filter(lambda number: measure(number + 6) > 0).take(2)
    assert measured() == of_step(range(1, 9), step, "R")


def test_every_kind_of_function_of_frames_carries(
    spark: SparkSession, store: Any, tmp_path: Path
) -> None:
    def measure_frame(frame: Any) -> Any:
        measure(int(frame["id"].iloc[0]))
        return frame

    def measure_frames(frames: Iterable[Any]) -> Iterator[Any]:
        for frame in frames:
            yield measure_frame(frame.assign(id=frame["id"] + 2))

    add = udf(lambda number: measure(number + 4) and number, "long")
    add_all = pandas_udf(lambda column: column + 0 * measure(int(column.iloc[0]) + 6), "long")
    frame = spark.range(1, 3).repartition(2, "id")
    with mt.run("R"), mt.step("ask") as step:
        frame.groupBy("id").applyInPandas(measure_frame, "id long").collect()
        frame.mapInPandas(measure_frames, "id long").toPandas()
        frame.select(add("id")).write.parquet(str(tmp_path / "written"))
        frame.filter("id = 1").select(add_all("id")).show()
    assert measured() == of_step(range(1, 8), step, "R")


def test_what_counts_is_where_the_result_is_asked_for(spark: SparkSession, store: Any) -> None:
    with mt.run("first"), mt.step("plan"):
        planned = spark.sparkContext.parallelize([1], 1).map(measure)
    with mt.run("second"), mt.step("ask") as asking:
        planned.collect()
    assert measured() == of_step([1], asking, "second")
    assert not spark.sparkContext.getLocalProperty(PROPERTY)


def test_a_worker_that_is_used_again_has_forgotten(spark: SparkSession, store: Any) -> None:
    numbers = spark.sparkContext.parallelize([1, 2], 2)
    with mt.run("first"):
        numbers.map(measure).collect()
    with mt.run("second"):
        numbers.map(lambda number: measure(number + 2)).collect()
    assert measured() == of_step([1, 2], None, "first") | of_step([3, 4], None, "second")


def test_a_function_carries_by_hand(spark: SparkSession, store: Any) -> None:
    mt.untrack("spark")
    with mt.run("R"), mt.step("ask") as step:
        each = carried(measure_each)
    spark.sparkContext.parallelize([1, 2], 2).mapPartitions(each).collect()
    assert measured() == of_step([1, 2], step, "R")
