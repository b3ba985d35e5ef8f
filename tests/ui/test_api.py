from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import mlmeta_track as mt
from mlmeta_track.overview import details
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.payloads import Payloads
from mlmeta_track.tracking.settings import Settings
from mlmeta_track.ui.app import make_app
from tests.ui.crowded_store import crowd

from .conftest import Schema


def get(client: TestClient, path: str, **parameters: object) -> Any:
    response = client.get(f"/api/v1{path}", params={k: str(v) for k, v in parameters.items()})
    assert response.status_code == 200, response.text
    return response.json()


def test_runs_are_listed_with_their_state(client: TestClient) -> None:
    rows = get(client, "/runs")["rows"]
    assert [(r["name"], r["state"], r["experiments"]) for r in rows] == [
        ("broken", "FAILED", []),
        ("run 2", "COMPLETED", ["Demo"]),
        ("run 1", "COMPLETED", ["Demo"]),
    ]


def test_pages_go_on_where_the_last_one_ended(client: TestClient) -> None:
    first = get(client, "/runs", limit=2)
    second = get(client, "/runs", limit=2, token=first["next"])
    assert [r["name"] for r in second["rows"]] == ["run 1"]
    assert second["next"] is None


def test_runs_of_an_experiment(client: TestClient) -> None:
    [experiment] = get(client, "/experiments")["rows"]
    assert len(get(client, "/runs", experiment=experiment["id"])["rows"]) == 2


def test_a_run_has_its_steps_and_which_step_called_them(client: TestClient) -> None:
    run = get(client, "/runs")["rows"][1]
    steps = get(client, f"/runs/{run['id']}")["steps"]
    assert [s["step"]["type"] for s in steps] == ["outer", "inner"]
    assert steps[1]["parent"] == steps[0]["step"]["id"]


def test_a_step_has_inputs_and_parameters(client: TestClient) -> None:
    shown = get(client, "/steps/1")
    assert [link["path"] for link in shown["inputs"]] == ["source"]
    assert shown["step"]["custom_properties"]["number"] == 1


def test_an_artifact_has_makers_and_versions(client: TestClient) -> None:
    [newest, _] = get(client, "/artifacts", filter="type = 'Schema'")["rows"]
    shown = get(client, f"/artifacts/{newest['id']}")
    assert [link["step"]["type"] for link in shown["producers"]] == ["inner"]
    assert [version["id"] for version in shown["versions"]] == [newest["id"]]


def test_a_schema_is_a_table(client: TestClient) -> None:
    [newest, _] = get(client, "/artifacts", filter="type = 'Schema'")["rows"]
    shown = get(client, f"/artifacts/{newest['id']}/contents")
    assert (shown["kind"], shown["reason"]) == ("schema", "")
    assert {row["presence"] for row in shown["tables"]} == {"required"}


def test_a_file_with_other_content_than_was_recorded_is_not_shown(
    client: TestClient, tmp_path: Path
) -> None:
    (tmp_path / "2.pbtxt").write_text("feature { name: 'other' }")
    [newest, _] = get(client, "/artifacts", filter="type = 'Schema'")["rows"]
    shown = get(client, f"/artifacts/{newest['id']}/contents")
    assert shown["tables"] == []
    assert "holds other content" in shown["reason"]


def test_other_artifacts_say_why_there_is_no_table(client: TestClient) -> None:
    [data] = get(client, "/artifacts", filter="type = 'DataSet'")["rows"]
    assert "not looked into" in get(client, f"/artifacts/{data['id']}/contents")["reason"]


def test_nothing_is_read_from_the_web(client: TestClient) -> None:
    with mt.step("far") as step:
        step.output("https://nowhere.invalid/schema.pbtxt", Schema(name="far"))
    [far] = get(client, "/artifacts", filter="uri LIKE 'https%'")["rows"]
    assert "on the web" in get(client, f"/artifacts/{far['id']}/contents")["reason"]


def test_the_graph_around_a_node_says_what_it_hides(client: TestClient) -> None:
    [data] = get(client, "/artifacts", filter="type = 'DataSet'")["rows"]
    graph = get(client, "/lineage", node=f"artifact:{data['id']}", depth=1)
    assert {n["label"] for n in graph["nodes"]} == {"in.txt", "outer"}
    assert [n["hidden_down"] for n in graph["nodes"] if n["kind"] == "artifact"] == [0]
    inner = get(client, "/lineage", node="execution:2", depth=1, direction="upstream")
    assert inner["nodes"][0]["hidden_down"] == 1


def test_runs_are_compared(client: TestClient) -> None:
    broken, two, one = (r["id"] for r in get(client, "/runs")["rows"])
    told = get(client, "/compare", a=f"run:{one}", b=f"run:{two}")
    assert {d["section"] for d in told["differences"]} >= {"parameters", "outputs", "schema"}
    assert get(client, "/compare", a=f"run:{broken}", b=f"run:{broken}")["differences"] == []


def test_a_comparison_tells_no_more_than_a_page_can_show(store: Store) -> None:
    _, maker = crowd(store)
    app = make_app(store, Payloads(Settings(store=store.url)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        told = get(client, "/compare", a=f"execution:{maker}", b="execution:1")
        sections = Counter(one["section"] for one in told["differences"])
        assert (sections["outputs"], told["more"]) == (details.MOST, True)
        assert not get(client, "/compare", a="execution:1", b="execution:2")["more"]


def test_a_text_finds_a_node(client: TestClient) -> None:
    assert get(client, "/find", what="run 1")["kind"] == "run"
    assert get(client, "/find", what="in.txt")["kind"] == "artifact"
    assert get(client, "/find", what="execution:1") == {"kind": "step", "id": 1, "type": "outer"}


def test_to_find_a_node_no_file_is_read(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "in.txt").rename(tmp_path / "moved.txt")
    response = client.get("/api/v1/find", params={"what": str(tmp_path / "moved.txt")})
    assert response.status_code == 404


def test_a_device_is_not_read(client: TestClient) -> None:
    with mt.step("endless") as step:
        step.output("/dev/zero", Schema(name="endless"))
    [endless] = get(client, "/artifacts", filter="uri = '/dev/zero'")["rows"]
    assert "no file" in get(client, f"/artifacts/{endless['id']}/contents")["reason"]


def test_changes_begin_where_they_are_asked_to(client: TestClient) -> None:
    newest = get(client, "/changes")["newest"]
    with mt.step("later"):
        seen = get(client, "/changes", since=newest)["steps"]
        assert (seen[-1]["type"], seen[-1]["state"]) == ("later", "RUNNING")
    assert get(client, "/changes", since=newest)["steps"][-1]["state"] == "COMPLETED"


def test_the_names_for_filters_are_told(client: TestClient) -> None:
    names = get(client, "/names")
    assert {"type": "Schema", "properties": ["name"]} in names["artifacts"]
    assert "outer" in {one["type"] for one in names["steps"]}


def test_contexts_of_every_type_are_there(client: TestClient) -> None:
    row = get(client, "/contexts")["rows"][-1]
    assert get(client, f"/contexts/{row['id']}")["context"]["name"] == row["name"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/runs/99", 404, "no context with the id 99"),
        ("/runs/x", 400, "id cannot be 'x'"),
        (f"/steps/{10**30}", 400, "id cannot be"),
        ("/steps?filter=type%20%3D", 400, "At character"),
        (f"/steps?limit={10**12}", 400, "limit cannot be '1000000000000'"),
        ("/steps?token=abc", 400, "no token of a page"),
        ("/steps?order=up", 400, "Give one of newest, oldest"),
        ("/lineage", 400, "The parameter node is missing"),
        ("/lineage?node=in.txt", 400, "is no node"),
        (f"/lineage?node=artifact:{10**30}", 404, "There is no artifact"),
        (f"/lineage?node=artifact:{'0' * 20}{'9' * 5000}", 404, "There is no artifact"),
        ("/lineage?node=artifact:1&depth=0", 400, "depth cannot be"),
        ("/compare?a=execution:1&b=artifact:1", 400, "cannot be compared"),
        ("/nothing", 404, "nothing at this address"),
        ("/experiments/2", 404, "is a Run, no Experiment"),
        (f"/steps?filter={'x' * 10_001}", 400, "at most 10,000"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(
    client: TestClient, path: str, status: int, says: str
) -> None:
    response = client.get(f"/api/v1{path}")
    assert response.status_code == status
    assert says in response.json()["error"]
