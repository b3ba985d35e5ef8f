"""Statistics, schemas and anomalies lie in files as TFX writes them, without TFDV or TensorFlow."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlmeta_track_tfdv import payloads

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.errors import FailedPreconditionError

anomalies_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.anomalies_pb2")
schema_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.schema_pb2")
statistics_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.statistics_pb2")
text_format: Any = pytest.importorskip("google.protobuf.text_format")


def statistics() -> Any:
    made = statistics_pb2.DatasetFeatureStatisticsList()
    made.datasets.add(num_examples=15_002).features.add().path.step.append("fare")
    return made


def schema() -> Any:
    made = schema_pb2.Schema()
    made.feature.add(name="Bezeichnung ü", type=schema_pb2.INT)
    return made


def anomalies(seed: int = 0) -> Any:
    made = anomalies_pb2.Anomalies()
    names = [f"feature {i}" for i in range(9)]
    random.Random(seed).shuffle(names)  # noqa: S311 - an order, not a secret
    for name in names:
        made.anomaly_info[name].description = f"{name} is odd"
    return made


KEPT = [
    (statistics, "ExampleStatistics", "FeatureStats.pb"),
    (schema, "Schema", "schema.pbtxt"),
    (anomalies, "ExampleAnomalies", "SchemaDiff.pb"),
]
each_kind = pytest.mark.parametrize(("make", "type_name", "filename"), KEPT)


@each_kind
def test_the_file_has_the_name_that_tfx_gives_it(
    make: Any, type_name: str, filename: str, tmp_path: Path
) -> None:
    assert payloads.save(make(), tmp_path) == filename
    assert [path.name for path in tmp_path.iterdir()] == [filename]
    assert payloads.load(type_name, tmp_path / filename) == make()


def test_a_schema_is_text_and_statistics_and_anomalies_are_bytes(tmp_path: Path) -> None:
    for message in (statistics(), schema(), anomalies()):
        payloads.save(message, tmp_path)
    text = (tmp_path / "schema.pbtxt").read_text("utf-8")
    assert text == text_format.MessageToString(schema())
    read = statistics_pb2.DatasetFeatureStatisticsList.FromString
    assert read((tmp_path / "FeatureStats.pb").read_bytes()) == statistics()
    assert anomalies_pb2.Anomalies.FromString((tmp_path / "SchemaDiff.pb").read_bytes()) == (
        anomalies()
    )


def test_equal_anomalies_are_equal_bytes_in_whatever_order_they_were_found(tmp_path: Path) -> None:
    contents = set()
    for seed in range(8):
        payloads.save(anomalies(seed), tmp_path)
        contents.add((tmp_path / "SchemaDiff.pb").read_bytes())
    assert len(contents) == 1


VALUES = {"nothing": None, "text": "text", "object": object(), "dict": {"feature": 1}}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_other_values_are_not_written(value: object, tmp_path: Path) -> None:
    assert payloads.save(value, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_other_messages_are_not_written(tmp_path: Path) -> None:
    assert payloads.save(schema_pb2.Feature(name="fare"), tmp_path) is None


@each_kind
@pytest.mark.parametrize("form", ["text", "bytes", "record"])
def test_what_others_wrote_is_read_in_whichever_form(
    make: Any, type_name: str, filename: str, form: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    content = make().SerializeToString()
    if form == "text":
        path.write_text(text_format.MessageToString(make()), "utf-8")
    elif form == "bytes":
        path.write_bytes(content)
    else:
        path.write_bytes(struct.pack("<Q", len(content)) + b"crc1" + content + b"crc2")
    assert payloads.load(type_name, path) == make()


def test_a_type_of_the_users_own_is_told_by_the_files_name(tmp_path: Path) -> None:
    payloads.save(schema(), tmp_path)
    assert payloads.load("TaxiSchema", tmp_path / "schema.pbtxt") == schema()


def test_what_is_neither_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("fare\n1\n")
    assert payloads.load("DataSet", tmp_path / "data.csv") is None


def test_a_folder_of_tfx_is_read_through_its_split(tmp_path: Path) -> None:
    (tmp_path / "Split-train").mkdir()
    payloads.save(statistics(), tmp_path / "Split-train")
    assert payloads.load("ExampleStatistics", tmp_path) == statistics()


def test_a_folder_of_several_splits_is_refused_by_name(tmp_path: Path) -> None:
    for split in ("train", "eval"):
        (tmp_path / f"Split-{split}").mkdir()
        payloads.save(statistics(), tmp_path / f"Split-{split}")
    with pytest.raises(ValueError, match=r"holds Split-eval/\S+, Split-train/\S+$"):
        payloads.load("ExampleStatistics", tmp_path)


def test_a_file_that_holds_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "schema.pbtxt").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(ValueError, match=r"schema.pbtxt holds no Schema, neither as text nor"):
        payloads.load("Schema", tmp_path / "schema.pbtxt")


# Through the face.


@mt.step
def infer() -> tuple[Any, Any, Any]:
    return statistics(), schema(), anomalies()


@mt.step
def validate(given: Any) -> None:
    pass


def test_what_steps_make_is_kept_and_loaded_as_the_same_artifact(
    store_url: str, tmp_path: Path
) -> None:
    mt.init(store_url, capture="payload", strict=True)
    made = infer()
    mt.init(store_url, strict=True)  # As another process would: it has seen nothing.
    found = mt.get_store().list_nodes(Artifact)
    assert [(a.type, Path(a.uri or "").name) for a in found] == [(t, f) for _, t, f in KEPT]
    for artifact, message in zip(found, made, strict=True):
        folder = tmp_path / "mlmeta_payloads" / artifact.type
        assert folder in Path(artifact.uri or "").parents
        loaded = mt.load(artifact)
        assert loaded == message
        validate(loaded)
    assert len(mt.get_store().list_nodes(Artifact)) == len(KEPT)


def test_a_payload_that_was_edited_is_not_taken_for_the_artifact(store_url: str) -> None:
    mt.init(store_url, capture="payload", strict=True)
    infer()
    (artifact,) = mt.get_store().get_by_type(Artifact, "Schema")
    Path(artifact.uri or "").write_text('feature { name: "other" }')
    with pytest.raises(FailedPreconditionError, match="holds other content"):
        mt.load(artifact)


def test_keeping_and_loading_import_neither_tfdv_nor_tensorflow(store_url: str) -> None:
    code = (
        "import sys, mlmeta_track as mt\n"
        "from tensorflow_metadata.proto.v0 import schema_pb2\n"
        f"mt.init({store_url!r}, capture='payload', strict=True)\n"
        "mt.step('Infer')(lambda: schema_pb2.Schema())()\n"
        "print(type(mt.load(1)).__name__)\n"
        "print({'tensorflow', 'tensorflow_data_validation'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["Schema", "set()"]
