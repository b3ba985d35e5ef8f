"""The walkthrough of ML Metadata as a decorated function: its annotations say what is what.

Run it as ``python examples/walkthrough_decorated.py [CSV] [FOLDER]``, then ask what the schema was
made from: ``mlmeta-track lineage FOLDER/decorated/schema.pbtxt``, with the option
``--store sqlite:///FOLDER/metadata.db``.
"""

import sys
from pathlib import Path
from typing import Annotated

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


TaxiData = Annotated[str, mt.Input(DataSet, name="Chicago Taxi dataset", split="train", version=1)]
TaxiSchema = Annotated[str, mt.Output(Schema, name="Chicago Taxi Schema", version=1)]


@mt.step("Data Validation")
def infer_schema(train: TaxiData, out: TaxiSchema) -> None:
    """Infer the schema of a CSV file and write it."""
    statistics = tfdv.generate_statistics_from_csv(train)
    schema = tfdv.infer_schema(statistics)
    tfdv.write_schema_text(schema, out)


def main(csv: str = "build/data/taxi/data.csv", folder: str = "build/demo") -> None:
    """Record one call in the folder's ``metadata.db``."""
    schema_path = Path(folder, "decorated", "schema.pbtxt")
    schema_path.parent.mkdir(parents=True, exist_ok=True)
    mt.init(f"sqlite:///{folder}/metadata.db")

    with mt.experiment("Demo", note="Walkthrough of metadata"):
        infer_schema(csv, str(schema_path))


if __name__ == "__main__":
    main(*sys.argv[1:])
