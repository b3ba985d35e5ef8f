"""Comparing long texts in a way that the index on their beginnings serves, on every database."""

from __future__ import annotations

import pytest
from sqlalchemy import TEXT, bindparam, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect

import mlmeta_track as mt
from mlmeta_track.domain.listing import Joins, ListQuery
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store
from mlmeta_track.store.sql.schema import ARTIFACT, same_text

CONDITION = same_text(ARTIFACT.c.uri, bindparam("uri", type_=TEXT))


@pytest.mark.parametrize("dialect", [sqlite.dialect(), mysql.dialect()], ids=["sqlite", "mysql"])
def test_beside_another_condition_it_is_a_plain_comparison(dialect: Dialect) -> None:
    text = str(select(ARTIFACT.c.id).where(CONDITION, ARTIFACT.c.id == 1).compile(dialect=dialect))
    comparison = text.partition("WHERE ")[2].partition(" AND ")[0]
    assert comparison.split(".")[1].replace("%s", "?") == "uri = ?)"
    assert comparison.startswith("(")


def test_on_postgresql_beginnings_are_compared_first() -> None:
    text = str(select(ARTIFACT.c.id).where(CONDITION).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert 'left("Artifact".uri, 255) = left(' in text
    assert 'AND "Artifact".uri = ' in text


@pytest.mark.parametrize("joins", [Joins.INNER, Joins.OUTER])
def test_texts_are_found_by_a_filter(store: Store, joins: Joins) -> None:
    long = "x" * 300
    for text in (f"{long}a", f"{long}b", "short"):
        with mt.step("S") as step:
            step.log_params({"text": text})
    query = ListQuery(filter=f"custom_properties.text.string_value = '{long}b'", joins=joins)
    [found] = store.list_page(Execution, query).nodes
    assert found.custom_properties["text"] == f"{long}b"
