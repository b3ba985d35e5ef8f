"""Plain TFDV, another day: new data held against what ``taxi_schema.py`` has written.

Nothing in it is about tracking.  Run it as
``mlmeta-track run examples/taxi_new_data.py NEW_CSV FOLDER``, then ask where the anomalies come
from: ``mlmeta-track lineage FOLDER/new_anomalies.pbtxt``.
"""

import sys
from pathlib import Path

from tensorflow_data_validation import (
    generate_statistics_from_csv,
    load_schema_text,
    load_statistics,
    validate_statistics,
    write_anomalies_text,
)


def main(new_csv: str, folder: str) -> None:
    """Write the anomalies of new data into the folder."""
    schema = load_schema_text(str(Path(folder, "schema.pbtxt")))
    before = load_statistics(str(Path(folder, "train.pbtxt")))
    new = generate_statistics_from_csv(new_csv)
    anomalies = validate_statistics(new, schema, previous_statistics=before)
    write_anomalies_text(anomalies, str(Path(folder, "new_anomalies.pbtxt")))


if __name__ == "__main__":
    main(*sys.argv[1:])
