"""The template of an integration works as it stands, and passes the conformance kit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store
from mlmeta_track.testing.integration_suite import IntegrationSuite, Sample
from mlmeta_track.tracking import instrument

TEMPLATE = Path(__file__).resolve().parents[2] / "integrations" / "_template"


@pytest.fixture(scope="module", autouse=True)
def acme() -> Iterator[Any]:
    """The imaginary library, on the path together with its integration."""
    sys.path.append(str(TEMPLATE))
    yield import_module("acme")
    sys.path.remove(str(TEMPLATE))


class TestConformance(IntegrationSuite):
    plugin = "mlmeta_track_acme.plugin"
    name = "acme"

    @pytest.fixture
    def sample(self, acme: Any) -> Sample:
        return Sample("clean", (acme.Table(["a", "", "b"]),), {"drop": ""})

    @pytest.fixture
    def failing(self, acme: Any) -> Sample:
        return Sample("clean", (acme.Table([]),))


@pytest.fixture
def tracked(acme: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The library while ``autotrack("acme")`` is on."""
    plugin = import_module("mlmeta_track_acme.plugin")
    monkeypatch.setattr(instrument, "_instrumentors", {})
    hooks.register(plugin, "acme")
    mt.autotrack("acme")
    yield acme
    mt.untrack("acme")
    hooks.unregister(plugin)


def test_a_file_read_cleaned_and_written_is_one_chain(
    tracked: Any, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "raw.txt").write_text("a\n\nb", encoding="utf-8")
    table = tracked.clean(tracked.read_table("raw.txt"))
    tracked.write_table(table, "clean.txt")

    graph = mt.lineage("clean.txt").upstream()
    assert [artifact.uri for artifact in graph.artifacts] == [
        str(tmp_path / "raw.txt"),
        str(tmp_path / "clean.txt"),
    ]
    assert [execution.type for execution in graph.executions] == ["acme.clean"]
    assert {a.type for a in store.list_nodes(Artifact)} == {"AcmeTable"}
    assert [a.custom_properties["lines"] for a in graph.artifacts] == [3, 2]
    (clean,) = store.get_by_type(Execution, "acme.clean")
    assert clean.custom_properties["drop"] == ""


def test_a_method_that_fills_its_object_makes_it_from_the_data(tracked: Any, store: Store) -> None:
    counter = tracked.LineCounter()
    assert counter.fit(tracked.Table(["a", "b", "a"]), least=2) is counter
    (fit,) = store.get_by_type(Execution, "acme.fit")
    assert fit.custom_properties["least"] == 2
    graph = mt.lineage(fit)
    assert [a.type for a in graph.upstream().artifacts] == ["AcmeTable"]
    (made,) = graph.downstream().artifacts
    assert (made.type, made.custom_properties["different_lines"]) == ("AcmeCounter", 1)
