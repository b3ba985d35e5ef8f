"""Plain TFDV, the first day: a schema from training data, and evaluation data held against it.

Nothing in it is about tracking.  Run it as
``mlmeta-track run examples/taxi_schema.py TRAIN_CSV EVAL_CSV FOLDER``.
"""

import sys
from pathlib import Path

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2


def main(train_csv: str, eval_csv: str, folder: str) -> None:
    """Write statistics of both, the schema and the anomalies into a folder."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    train = tfdv.generate_statistics_from_csv(train_csv)
    evaluation = tfdv.generate_statistics_from_csv(eval_csv)

    schema = tfdv.infer_schema(train)
    company = tfdv.get_feature(schema, "company")
    company.distribution_constraints.min_domain_mass = 0.9
    company.presence.min_fraction = 0.5
    tfdv.get_domain(schema, "payment_type").value.append("Bitcoin")
    tfdv.set_domain(schema, "tips", schema_pb2.FloatDomain(min=0, max=500))

    anomalies = tfdv.validate_statistics(evaluation, schema)
    tfdv.write_stats_text(train, str(Path(folder, "train.pbtxt")))
    tfdv.write_stats_text(evaluation, str(Path(folder, "eval.pbtxt")))
    tfdv.write_schema_text(schema, str(Path(folder, "schema.pbtxt")))
    tfdv.write_anomalies_text(anomalies, str(Path(folder, "anomalies.pbtxt")))


if __name__ == "__main__":
    main(*sys.argv[1:])
