"""Our messages are ML Metadata's in all but the name of their package."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from mlmeta_track.wire import metadata_store_pb2, metadata_store_service_pb2
from mlmeta_track.wire.service import METHODS, SERVICE

OURS = "mlmeta_track.wire."
THEIRS = "ml_metadata."


@pytest.fixture(scope="module")
def theirs(wheel: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return wheel("messages", tmp_path_factory.mktemp("wheel") / "unused")


def fields(messages: Iterable[Any], scope: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each message with its fields: number, label, type, default, oneof and packing."""
    for message in messages:
        name = f"{scope}{message.name}"
        oneofs = [oneof.name for oneof in message.oneof_decl]
        yield (
            name,
            {
                field.name: (
                    field.number,
                    field.label,
                    field.type,
                    field.type_name.removeprefix("."),
                    field.default_value,
                    oneofs[field.oneof_index] if field.HasField("oneof_index") else None,
                    field.options.packed,
                )
                for field in message.field
            },
        )
        yield from fields(message.nested_type, f"{name}.")


def enums(messages: Iterable[Any], scope: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Each enum with its values."""
    for message in messages:
        name = f"{scope}{message.name}."
        for enum in message.enum_type:
            yield f"{name}{enum.name}", {value.name: value.number for value in enum.value}
        yield from enums(message.nested_type, name)


def top_level_enums(file: Any) -> dict[str, dict[str, int]]:
    return {enum.name: {v.name: v.number for v in enum.value} for enum in file.enum_type}


def our_files() -> list[Any]:
    found = []
    for module in (metadata_store_pb2, metadata_store_service_pb2):
        text = module.DESCRIPTOR.serialized_pb
        found.append(descriptor_pb2.FileDescriptorProto.FromString(text))
    return found


def their_files(theirs: Any) -> list[Any]:
    serialized = [base64.b64decode(text) for text in theirs["files"]]
    return [descriptor_pb2.FileDescriptorProto.FromString(text) for text in serialized]


def renamed(described: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the fields with the package of their types taken off."""
    return {
        message: {
            name: tuple(
                part.removeprefix(OURS).removeprefix(THEIRS) if isinstance(part, str) else part
                for part in field
            )
            for name, field in names.items()
        }
        for message, names in described.items()
    }


@pytest.mark.parametrize("index", [0, 1], ids=["nodes", "service"])
def test_every_message_has_the_wheel_s_fields(theirs: Any, index: int) -> None:
    ours = dict(fields(our_files()[index].message_type, ""))
    expected = dict(fields(their_files(theirs)[index].message_type, ""))

    assert renamed(ours) == renamed(expected)


def test_every_enum_has_the_wheel_s_numbers(theirs: Any) -> None:
    ours, expected = our_files()[0], their_files(theirs)[0]

    assert dict(enums(ours.message_type, "")) == dict(enums(expected.message_type, ""))
    assert top_level_enums(ours) == top_level_enums(expected)


def test_service_has_the_wheel_s_methods(theirs: Any) -> None:
    ours = {
        name: [f".{THEIRS}{method.request.__name__}", f".{THEIRS}{method.response.__name__}"]
        for name, method in METHODS.items()
    }

    assert ours == theirs["methods"]
    assert SERVICE.startswith(THEIRS)
