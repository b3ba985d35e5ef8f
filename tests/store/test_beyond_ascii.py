"""Filters over texts beyond ASCII mean the same on every database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mlmeta_track.domain.listing import Joins, ListQuery
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import made, put_artifact

URIS = {"a": "Zürich", "b": "東京", "c": "Zurich", "d": "€uro", "e": "plain"}
FOUND = {
    "uri = 'Zürich'": "a",
    "uri != 'Zürich'": "bcde",
    "uri IN ('東京', '€uro')": "bd",
    "uri LIKE 'Zü%'": "a",
    "uri LIKE '%京'": "b",
    "LENGTH(uri) = 6": "ac",
    "LENGTH(uri) = 2": "b",
    "LOWER(uri) = 'zürich'": "a",
    "UPPER(uri) = UPPER('zürich')": "a",
    "SUBSTR(uri, 2, 1) = 'ü'": "a",
    "REPLACE(uri, 'ü', 'u') = 'Zurich'": "ac",
    "uri > '京'": "b",
    "uri > '€'": "bd",
    "uri < 'Zü'": "c",
    "uri BETWEEN 'Zu' AND 'Zü~'": "ac",
    "custom_properties.word.string_value > '𝄞'": "b",
    "custom_properties.word = '🚕'": "b",
    "custom_properties.word >= '🚕'": "b",
    "custom_properties.word < '🚕'": "acde",
}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    url: Any = "sqlite://"
    if request.param != "sqlite":
        url = request.getfixturevalue(request.param).new_url()
    store = open_store(url)
    for key, uri in URIS.items():
        word = "🚕" if key == "b" else uri
        put_artifact(store, made(key, uri=uri, custom_properties={"word": word}))
    yield store
    store.close()


def test_filters_find_the_same(store: Store) -> None:
    assert {query: found(store, query) for query in FOUND} == FOUND


def found(store: Store, query: str) -> str:
    """Return the keys of what a filter finds."""
    page = store.list_page(Artifact, ListQuery(filter=query, joins=Joins.OUTER))
    return "".join(str(artifact.external_id) for artifact in page.nodes)
