"""What the real wheel does with stores of other schema versions; run by its own Python.

``migrations_side.py JOBS``: JSON, a list of pairs of a place, as ``wheel_side.py`` takes it, and
what is done there in turn: a command of ``wheel_side.py``, ``upgrade``, or ``downgrade VERSION``.
Prints the answers of each job as JSON; an error, which ends its job, as its class and its message.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import wheel_side  # type: ignore[import-not-found] # a script finds what lies beside it
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd


def _config(place: str) -> Any:
    config = mlmd.ConnectionConfig()
    if place.startswith("config:"):
        config.ParseFromString(base64.b64decode(place.removeprefix("config:")))
    else:
        config.sqlite.filename_uri = place
    return config


def _do(place: str, command: str) -> Any:
    if command == "upgrade":
        metadata_store.MetadataStore(_config(place), enable_upgrade_migration=True)
        return None
    if command.startswith("downgrade "):
        return metadata_store.downgrade_schema(_config(place), int(command.split()[1]))
    return getattr(wheel_side, command)(place)


def _job(place: str, commands: list[str]) -> list[Any]:
    answers = []
    for command in commands:
        try:
            answers.append(_do(place, command))
        except Exception as error:
            return [*answers, [type(error).__name__, str(error)]]
    return answers


if __name__ == "__main__":
    print(json.dumps([_job(*job) for job in json.loads(sys.argv[1])]))  # noqa: T201 - its answer
