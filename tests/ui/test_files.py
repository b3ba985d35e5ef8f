from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

import mlmeta_track.ui

STATIC = Path(mlmeta_track.ui.__file__).parent / "static"
FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.*"))


@pytest.mark.parametrize("path", FILES)
def test_every_file_is_served_as_it_is(client: TestClient, path: str) -> None:
    response = client.get(f"/static/{path}")
    assert (response.status_code, response.content) == (200, (STATIC / path).read_bytes())
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    expected = kinds.get(Path(path).suffix, "text/plain")
    assert response.headers["content-type"].partition(";")[0] == expected


@pytest.mark.parametrize(
    "path", ["", "none.js", "../app.py", "%2e%2e/app.py", "views/../../app.py", "//etc/passwd"]
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    response = client.get(f"/static/{path}")
    assert response.status_code == 404
    assert "Starlette" not in response.text


def test_scripts_are_asked_for_all_at_once(client: TestClient) -> None:
    page = client.get("/").text
    for path in FILES:
        assert (f'rel="modulepreload" href="/static/{path}"' in page) == path.endswith(".js")
