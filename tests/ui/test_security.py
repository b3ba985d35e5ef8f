from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from mlmeta_track.store.base import Store
from mlmeta_track.tracking.payloads import Payloads
from mlmeta_track.tracking.settings import Settings
from mlmeta_track.ui.app import PAGES, make_app


@pytest.fixture
def with_token(filled: Store) -> TestClient:
    app = make_app(filled, Payloads(Settings()), hosts=("*",), token="geheim")  # noqa: S106
    return TestClient(app, base_url="http://somewhere:8765")


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "[::1]:1", "LOCALHOST:3"])
def test_the_names_of_this_machine_are_served(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/store", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8765", "", "localhost:x"])
def test_another_host_name_is_refused(client: TestClient, host: str) -> None:
    response = client.get("/api/v1/store", headers={"host": host})
    assert response.status_code == 421
    assert "url" not in response.text


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("none", 200)]
)
def test_the_page_of_another_site_may_not_ask(client: TestClient, site: str, status: int) -> None:
    response = client.get("/api/v1/runs", headers={"sec-fetch-site": site})
    assert response.status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(client: TestClient, method: str) -> None:
    assert client.request(method, "/api/v1/runs").status_code == 405


@pytest.mark.parametrize("path", ["/", "/runs/1", "/nothing", "/api/v1/runs", "/static/none"])
def test_every_answer_forbids_what_a_browser_need_not_do(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_without_the_token_nothing_is_shown(with_token: TestClient) -> None:
    for path in ("/", "/api/v1/runs", "/static/page.css"):
        response = with_token.get(path)
        assert response.status_code == 401
        assert "geheim" not in response.text


def test_the_token_becomes_a_cookie_and_leaves_the_address(with_token: TestClient) -> None:
    response = with_token.get("/runs?token=geheim", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/runs")
    assert "HttpOnly" in response.headers["set-cookie"]
    assert with_token.get("/api/v1/runs").status_code == 200


def test_programs_give_the_token_as_a_bearer(with_token: TestClient) -> None:
    headers = {"authorization": "Bearer geheim"}
    assert with_token.get("/api/v1/runs", headers=headers).status_code == 200


@pytest.mark.parametrize("given", ["", "Geheim", "geheim ", "\xff"])
def test_a_wrong_token_is_refused(with_token: TestClient, given: str) -> None:
    response = with_token.get("/", params={"token": given}, follow_redirects=False)
    assert response.status_code == 401


@pytest.mark.parametrize("page", PAGES)
def test_the_page_has_no_script_or_style_of_its_own(client: TestClient, page: str) -> None:
    text = client.get(page.replace("{id}", "1").replace("{kind}", "artifact")).text
    assert "<script>" not in text
    assert "style=" not in text
    assert "onclick" not in text
