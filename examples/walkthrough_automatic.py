"""The walkthrough of ML Metadata in plain TFDV, to be recorded without a word in it.

Run it as ``mlmeta-track run --autotrack tfdv examples/walkthrough_automatic.py [CSV] [FOLDER]``,
then ask what the schema was made from: ``mlmeta-track lineage FOLDER/automatic/schema.pbtxt``.
"""

import sys
from pathlib import Path

import tensorflow_data_validation as tfdv


def main(csv: str = "build/data/taxi/data.csv", folder: str = "build/demo") -> None:
    """Infer the schema of a CSV file and write it."""
    schema_path = Path(folder, "automatic", "schema.pbtxt")
    schema_path.parent.mkdir(parents=True, exist_ok=True)

    statistics = tfdv.generate_statistics_from_csv(csv)
    schema = tfdv.infer_schema(statistics)
    tfdv.write_schema_text(schema, str(schema_path))


if __name__ == "__main__":
    main(*sys.argv[1:])
