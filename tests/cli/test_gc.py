from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mlmeta_track as mt
from mlmeta_track.cli.main import main
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.server import serving
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store


@pytest.fixture
def recorded(store: Store, tmp_path: Path) -> Store:
    """Three runs of one experiment, each with a file of its own."""
    for number in range(3):
        file = tmp_path / f"out{number}.txt"
        file.write_text(f"text {number}")
        then = time.time() - 7200
        os.utime(file, (then, then))
        with mt.experiment("Demo"), mt.run(f"run {number}"), mt.step("Write") as step:
            step.output(str(file))
    return store


def run(store: Store, *arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, [*arguments, "--store", store.url], input=answer)


LAST = ("--keep-last", "1", "--grace", "0s")


def test_it_shows_what_would_go_and_changes_nothing(recorded: Store, tmp_path: Path) -> None:
    result = run(recorded, "gc", *LAST)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "To be deleted: 2 executions, 2 artifacts, 2 contexts."
    assert lines[1].startswith("  execution 1 Write COMPLETE, ")
    assert lines[3].startswith(f"  artifact 1 DataSet {tmp_path / 'out0.txt'}, ")
    assert lines[-1] == "Nothing was changed. Add --yes to do it."
    assert len(recorded.list_nodes(Execution)) == 3


def test_the_list_is_as_long_as_it_is_wanted(recorded: Store) -> None:
    lines = run(recorded, "gc", *LAST, "--show", "1").output.splitlines()
    assert lines[2] == "  … and 3 more"
    assert len(run(recorded, "gc", *LAST, "--show", "0").output.splitlines()) == 2


def test_yes_does_it(recorded: Store, tmp_path: Path) -> None:
    result = run(recorded, "gc", *LAST, "--yes")
    assert result.exit_code == 0
    assert "Deleted 2 executions, 2 artifacts, 2 events and 2 contexts; made 0" in result.output
    assert len(recorded.list_nodes(Execution)) == 1
    assert (tmp_path / "out0.txt").exists()


def test_an_archive_is_put_back(recorded: Store, tmp_path: Path) -> None:
    before = recorded.list_nodes(Artifact)
    archive = str(tmp_path / "old.db")
    assert run(recorded, "gc", *LAST, "--archive", archive, "--yes").exit_code == 0
    result = run(recorded, "restore", archive)
    assert result.output == (
        "Put back 2 executions, 2 artifacts, 2 contexts and 2 events; 0 tombstones came back to"
        " life.\n"
    )
    assert recorded.list_nodes(Artifact) == before


def test_without_yes_no_archive_is_made(recorded: Store, tmp_path: Path) -> None:
    run(recorded, "gc", *LAST, "--archive", str(tmp_path / "old.db"))
    assert not (tmp_path / "old.db").exists()


def test_archive_deletes_nothing(recorded: Store, tmp_path: Path) -> None:
    result = run(recorded, "archive", str(tmp_path / "old.db"), *LAST)
    expected = f"Wrote 2 executions, 2 artifacts, 2 contexts into {tmp_path / 'old.db'}.\n"
    assert result.output == expected
    assert len(recorded.list_nodes(Execution)) == 3
    kept = open_store(f"sqlite:///{tmp_path / 'old.db'}", create=False)
    assert len(kept.list_nodes(Execution)) == 2
    kept.close()


def test_data_files_go_after_a_question(recorded: Store, tmp_path: Path) -> None:
    refused = run(recorded, "gc", *LAST, "--files", "ask", "--yes", answer="n\n")
    assert refused.exit_code == 1
    assert len(recorded.list_nodes(Execution)) == 3
    result = run(recorded, "gc", *LAST, "--files", "ask", "--yes", answer="y\n")
    assert result.output.splitlines()[-1] == "Deleted 0 payloads and 2 data files, 12 bytes."
    assert [path.name for path in sorted(tmp_path.glob("out*"))] == ["out2.txt"]


def test_payloads_go_when_nothing_refers_to_them(tmp_path: Path, store_url: str) -> None:
    folder = tmp_path / "mlmeta_payloads" / "Schema" / "ab" / "abc"
    folder.mkdir(parents=True)
    (folder / "schema.pbtxt").write_text("x")
    then = time.time() - 7200
    os.utime(folder / "schema.pbtxt", (then, then))
    mt.init(store_url, strict=True)
    with mt.step("Infer") as step:
        step.output(str(folder / "schema.pbtxt"))
    arguments = ("--executions", "id > 0", "--grace", "0s", "--payloads", "--yes")
    result = run(mt.get_store(), "gc", *arguments)
    assert result.output.splitlines()[-1] == "Deleted 1 payload and 0 data files, 1 bytes."
    assert not folder.exists()


def test_room_is_given_back(recorded: Store) -> None:
    result = run(recorded, "db", "vacuum")
    assert result.exit_code == 0
    assert result.output.endswith(" bytes smaller.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gc"], "Say what may go"),
        (["gc", "--older-than", "soon"], "'soon' is no age"),
        (["gc", "--older-than", "1d", "--grace", "-"], "'-' is no age"),
        (["gc", "--keep-last", "-1"], "-1 runs cannot be kept"),
        (["gc", "--keep-last", "x"], "not a valid integer"),
        (["gc", "--state", "RUNNING"], "sweep"),
        (["gc", "--state", "DEAD"], "DEAD"),
        (["gc", "--artifacts", "foo = 1"], "foo"),
        (["gc", "--older-than", "1d", "--show", "-1"], "-1"),
        (["gc", "--older-than", "1d", "--files", "x"], "x"),
        (["gc", "--older-than", "1d", "--yes", "--archive", "no/folder/a.db"], "no folder"),
        (["archive", "a.db"], "Say what may go"),
        (["restore", "none.db"], "none.db"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_changes_nothing(
    recorded: Store, arguments: list[str], words: str
) -> None:
    result = run(recorded, *arguments)
    assert result.exit_code == 2
    assert words in result.output.splitlines()[-1]
    assert len(recorded.list_nodes(Execution)) == 3


def test_a_server_of_ml_metadata_has_no_deletes(recorded: Store) -> None:
    with serving(recorded) as server:
        result = CliRunner().invoke(
            main, ["gc", "--older-than", "1d", "--store", f"grpc://{server.address}"]
        )
    assert result.exit_code == 2
    assert "whose service has no deletes. Name the database" in result.output
