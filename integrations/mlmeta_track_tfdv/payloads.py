"""Statistics, schemas and anomalies in files, as TFX writes them.

Of TensorFlow Data Validation nothing is needed for that: the messages are those of
``tensorflow_metadata``, which is imported when a file is read.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class _Form:
    """How one message is kept: the file's name in TFX, and the message's class."""

    filename: str
    module: str
    message: str


_STATISTICS = _Form("FeatureStats.pb", "statistics_pb2", "DatasetFeatureStatisticsList")
_SCHEMA = _Form("schema.pbtxt", "schema_pb2", "Schema")
_ANOMALIES = _Form("SchemaDiff.pb", "anomalies_pb2", "Anomalies")
_FORMS = (_STATISTICS, _SCHEMA, _ANOMALIES)
_BY_TYPE: Mapping[str, _Form] = {
    "ExampleStatistics": _STATISTICS,
    "Schema": _SCHEMA,
    "ExampleAnomalies": _ANOMALIES,
}

_PACKAGE = "tensorflow_metadata.proto.v0"
_RECORD_HEADER, _RECORD_FOOTER = 12, 4


def save(value: Any, folder: Path) -> str | None:
    """Write statistics, a schema or anomalies into a folder, and return the file's name.

    Schemas are written as text and the others as bytes, each under its name in TFX; equal messages
    give equal bytes.  None for any other value.
    """
    kind = type(value)
    if not str(kind.__module__).startswith("tensorflow_metadata.proto."):
        return None
    form = next((form for form in _FORMS if form.message == kind.DESCRIPTOR.name), None)
    if form is None:
        return None
    if form.filename.endswith(".pbtxt"):
        text_format = import_module("google.protobuf.text_format")
        (folder / form.filename).write_text(text_format.MessageToString(value), encoding="utf-8")
    else:
        # Without `deterministic` the order in which map entries were added would show.
        (folder / form.filename).write_bytes(value.SerializeToString(deterministic=True))
    return form.filename


def load(type_name: str, path: Path) -> Any:
    """Return the message in a file, whether it holds text, bytes or one TFRecord.

    Args:
        type_name: The artifact's type; one that is not TFX's is told by the file's name.
        path: The file, or the folder that TFX wrote it into.

    Returns:
        The message, or None if neither the type nor the file's name is known.

    Raises:
        ValueError: The file holds no such message, or the folder not one such file.
    """
    form = _BY_TYPE.get(type_name) or next((f for f in _FORMS if f.filename == path.name), None)
    if form is None:
        return None
    file = _file_in(path, form.filename) if path.is_dir() else path
    message_class = getattr(import_module(f"{_PACKAGE}.{form.module}"), form.message)
    content = file.read_bytes()
    for read in (_from_record, _from_text, _from_bytes):
        message = read(content, message_class)
        if message is not None:
            return message
    error = f"{file.name} holds no {form.message}, neither as text nor as bytes"
    raise ValueError(error)


def _file_in(folder: Path, filename: str) -> Path:
    """Return the file in a folder of TFX's, which may lie in the folder of a split."""
    found = sorted([*folder.glob(filename), *folder.glob(f"Split-*/{filename}")])
    if len(found) == 1:
        return found[0]
    places = ", ".join(path.relative_to(folder).as_posix() for path in found) or "none"
    message = f"the folder must hold one {filename}, and holds {places}"
    raise ValueError(message)


def _from_record(content: bytes, message_class: Callable[[], Any]) -> Any:
    """Read the one record of a TFRecord file: its length, the length's checksum, it, its own."""
    length = len(content) - _RECORD_HEADER - _RECORD_FOOTER
    if length < 0 or struct.unpack_from("<Q", content)[0] != length:
        return None
    return _from_bytes(content[_RECORD_HEADER:-_RECORD_FOOTER], message_class)


def _from_text(content: bytes, message_class: Callable[[], Any]) -> Any:
    text_format = import_module("google.protobuf.text_format")
    try:
        return text_format.Parse(content.decode("utf-8"), message_class())
    except (UnicodeDecodeError, text_format.ParseError):
        return None


def _from_bytes(content: bytes, message_class: Callable[[], Any]) -> Any:
    message = message_class()
    try:
        message.ParseFromString(content)
    except import_module("google.protobuf.message").DecodeError:
        return None
    return message
