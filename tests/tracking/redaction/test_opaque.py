from __future__ import annotations

import pytest
from pydantic import SecretBytes, SecretStr

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.capture import parameter
from mlmeta_track.tracking.redaction.opaque import is_opaque


class Opened(str):
    """A text that gives its secret only to who asks for it, and fails whoever does."""

    __slots__ = ()

    def get_secret_value(self) -> str:
        raise AssertionError("it was opened")


@pytest.mark.parametrize("kind", [SecretStr, SecretBytes, Opened])
def test_what_keeps_a_secret_is_opaque(kind: type) -> None:
    assert is_opaque(kind)


@pytest.mark.parametrize("kind", [str, bytes, int, dict, object, type])
def test_what_keeps_no_secret_is_not(kind: type) -> None:
    assert not is_opaque(kind)


@pytest.mark.parametrize(
    "value", [SecretStr("hunter2"), SecretBytes(b"hunter2"), Opened("hunter2")]
)
def test_as_a_parameter_it_is_told_of_and_not_opened(value: object) -> None:
    assert parameter(value) == "***"
    assert parameter({"a": value, "b": [value]}) == '{"a": "***", "b": ["***"]}'


def test_as_a_property_of_an_artifact_it_is_not_opened() -> None:
    class Source(mt.Artifact):
        name: str

    assert Source(name=Opened("hunter2")).properties == {"name": "***"}


def test_as_an_argument_of_a_step_it_is_not_opened(store: Store) -> None:
    @mt.step
    def connect(user: str, secret: SecretStr) -> None:
        assert secret.get_secret_value() == "hunter2"

    connect("me", SecretStr("hunter2"))
    [execution] = store.get_by_type(Execution, connect.__qualname__.rpartition(".")[2])
    assert {"user": "me", "secret": "***"}.items() <= execution.custom_properties.items()
