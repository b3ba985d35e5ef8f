from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from mlmeta_track.ui import openapi
from mlmeta_track.ui.api import routes

PATHS = [f"{openapi.PREFIX}{route.path}" for route in routes()]
LOCAL = {"host": "localhost"}


def test_the_document_is_a_valid_one() -> None:
    validate(openapi.document())


def test_the_document_names_every_path() -> None:
    assert list(openapi.document()["paths"]) == PATHS


def test_the_application_serves_the_document(client: TestClient) -> None:
    assert client.get("/api/v1/openapi.json").json() == openapi.document()


@pytest.mark.parametrize("path", PATHS)
def test_any_request_is_answered_as_described(client: TestClient, path: str) -> None:
    schema = schemathesis.openapi.from_asgi(
        f"{openapi.PREFIX}/openapi.json", client.app, headers=LOCAL
    )

    @settings(
        max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=schema[path]["GET"].as_strategy())
    def check(case: Any) -> None:
        # A filter, a token or two nodes to compare may be refused, which no schema can foretell.
        case.call_and_validate(headers=LOCAL, excluded_checks=[positive_data_acceptance])

    check()
