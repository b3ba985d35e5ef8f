"""The walkthrough of ML Metadata in a script, with ``with`` blocks that say what is what.

Run it as ``python examples/walkthrough_with_blocks.py [CSV] [FOLDER]``, then ask what the schema
was made from: ``mlmeta-track lineage FOLDER/with_blocks/schema.pbtxt``, with the option
``--store sqlite:///FOLDER/metadata.db``.
"""

import sys
from pathlib import Path

import tensorflow_data_validation as tfdv

import mlmeta_track as mt


class DataSet(mt.Artifact):
    """Data to train on, or to evaluate with."""

    name: str
    split: str
    version: int


class Schema(mt.Artifact):
    """What the data should look like."""

    name: str
    version: int


def main(csv: str = "build/data/taxi/data.csv", folder: str = "build/demo") -> None:
    """Infer the schema of a CSV file, and record it in the folder's ``metadata.db``."""
    schema_path = Path(folder, "with_blocks", "schema.pbtxt")
    schema_path.parent.mkdir(parents=True, exist_ok=True)
    mt.init(f"sqlite:///{folder}/metadata.db")

    with mt.experiment("Demo", note="Walkthrough of metadata"), mt.step("Data Validation") as step:
        step.input(csv, DataSet(name="Chicago Taxi dataset", split="train", version=1))

        statistics = tfdv.generate_statistics_from_csv(csv)
        schema = tfdv.infer_schema(statistics)
        tfdv.write_schema_text(schema, str(schema_path))

        step.output(schema_path, Schema(name="Chicago Taxi Schema", version=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
