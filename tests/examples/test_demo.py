"""The demo runs the four walkthroughs for real, and what it leaves is as ml_metadata reads it.

All of it stands in one file, because the tests share one run of the demo.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState
from mlmeta_track.domain.types import (
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
    PropertyType,
)
from mlmeta_track.exporters.openlineage import lines
from mlmeta_track.store.base import Store
from mlmeta_track.transfer.taking import take_all
from tests.openlineage.reading_back import ancestors_by_events, ancestors_in

PEER = Path(__file__).with_name("ask_ml_metadata.py")
ROOT = Path(__file__).resolve().parents[2]
DECLARED = ("with_blocks", "decorated")


class Demo:
    """One run of the demo: its folder, the CSV, and what was printed."""

    def __init__(self, examples: Path, csv: Path, folder: Path) -> None:
        self.csv, self.folder = csv, folder
        command = [sys.executable, str(examples / "demo.py"), str(csv), str(folder)]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        self.code, self.out, self.err = finished.returncode, finished.stdout, finished.stderr

    @property
    def database(self) -> Path:
        return self.folder / "metadata.db"

    def schema(self, name: str) -> Path:
        """The schema that a walkthrough wrote."""
        return self.folder / name / "schema.pbtxt"


@pytest.fixture(scope="module")
def demo(examples: Path, taxi_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(examples, taxi_csv, tmp_path_factory.mktemp("demo"))


@pytest.fixture
def demo_store(demo: Demo) -> Store:
    mt.init(f"sqlite:///{demo.database.as_posix()}", strict=True)
    return mt.get_store()


# What the demo says.


def test_it_ends_well_and_says_what_it_did(demo: Demo) -> None:
    assert demo.code == 0, demo.err
    assert "15,002 rows" in demo.out
    assert f"{demo.folder}/metadata.db and holds 7 artifacts, 6 executions" in demo.out
    assert f"lineage {demo.folder}/automatic/schema.pbtxt --store sqlite:///" in demo.out


def without_times_and_places(text: str, demo: Demo | None = None) -> list[str]:
    """Return lines as they are on every machine: no seconds, no absolute folders, no news."""
    if demo is not None:
        text = text.replace(str(demo.csv), ".../build/data/taxi/data.csv")
        text = text.replace(str(demo.folder), ".../build/demo")
    text = re.sub(r"\S*\.\.\./build/", ".../build/", text)
    text = re.sub(r"(?<= )build/(?=d)|(?<=sqlite:///)\S*build/(?=d)", ".../build/", text)
    text = re.sub(r"\d+(\.\d+)? m?s\b| +\d+\.\d\d(?=  )", " TIME", text)
    lines = (line.rstrip() for line in text.splitlines())
    return [line for line in lines if not re.match(r"set-up:|    working|  \S*mlmeta-track", line)]


def test_the_readme_shows_what_it_prints(demo: Demo) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("$ make demo\n")[2].partition("```")[0]
    assert without_times_and_places(shown) == without_times_and_places(demo.out, demo)


def test_it_shows_each_execution_with_its_state(demo: Demo) -> None:
    table = demo.out.partition("What was recorded")[2].partition("What was")[0]
    rows = [line.split("  ") for line in table.splitlines() if "COMPLETED" in line]
    assert [(row[0].strip(), row[-1]) for row in rows] == [
        ("1", "walkthrough_with_blocks.py"),
        ("2", "walkthrough_decorated.py"),
        ("3", "walkthrough_automatic.py"),
        ("4", "walkthrough_automatic.py"),
        ("5", "walkthrough_automatic.py"),
        ("6", "COMPLETED"),  # by hand nobody recorded how long it took, nor what was run
    ]


def test_it_draws_the_lineage_as_a_tree(demo: Demo) -> None:
    declared, automatic = demo.out.split("made from?")[1:]
    assert [
        line.strip(" └─").split("  ")[0] for line in automatic.split("\n\n")[1].splitlines()
    ] == [
        f"Schema {demo.schema('automatic')}",
        "tfdv.infer_schema",
        "ExampleStatistics (in memory)",
        "tfdv.generate_statistics_from_csv",
        f"DataSet “Chicago Taxi dataset” {demo.csv}",
    ]
    assert "└── Data Validation  COMPLETED" in declared


# What it leaves, as we read it.


def test_types_are_those_of_the_walkthrough(demo_store: Store) -> None:
    data_set = demo_store.get_type(ArtifactType, "DataSet")
    schema = demo_store.get_type(ArtifactType, "Schema")
    validation = demo_store.get_type(ExecutionType, "Data Validation")
    experiment = demo_store.get_type(ContextType, "Experiment")
    assert data_set is not None
    assert schema is not None
    assert validation is not None
    assert experiment is not None
    text, number = PropertyType.STRING, PropertyType.INT
    assert data_set.properties == {"name": text, "split": text, "version": number}
    assert schema.properties == {"name": text, "version": number}
    assert validation.properties == {"state": text}
    assert experiment.properties == {"note": text}


def test_ids_of_types_begin_behind_the_simple_types(demo_store: Store) -> None:
    types: list[NodeType] = []
    types += demo_store.get_types(ArtifactType)
    types += demo_store.get_types(ExecutionType)
    types += demo_store.get_types(ContextType)
    assert min(t.id or 0 for t in types if not t.name.startswith("mlmd.")) == 10


def data_sets(store: Store) -> list[Artifact]:
    return store.get_by_type(Artifact, "DataSet")


def test_all_of_it_belongs_to_the_experiment(demo_store: Store) -> None:
    context = demo_store.get_by_name(Context, "Experiment", "Demo")
    assert context is not None
    assert context.properties == {"note": "Walkthrough of metadata"}
    executions = demo_store.get_by_context(Execution, context.id)
    assert executions == demo_store.list_nodes(Execution)
    # By hand the walkthrough puts the schema alone into it.
    (put_by_hand,) = [a for a in data_sets(demo_store) if a.external_id is None]
    others = [a for a in demo_store.list_nodes(Artifact) if a != put_by_hand]
    assert demo_store.get_by_context(Artifact, context.id) == others
    runs = demo_store.get_child_contexts(context.id)
    assert [run.type for run in runs] == ["Run"] * 3
    assert all("mlmeta_command_line" in run.custom_properties for run in runs)


@pytest.mark.parametrize("name", DECLARED)
def test_a_declared_walkthrough_leads_from_schema_to_data(
    demo: Demo, demo_store: Store, name: str
) -> None:
    (schema,) = demo_store.get_artifacts_by_uri(str(demo.schema(name)))
    assert schema.properties == {"name": "Chicago Taxi Schema", "version": 1}
    (made,) = demo_store.get_events_by_artifact_ids([schema.id])
    assert made.type is EventType.DECLARED_OUTPUT
    (execution,) = demo_store.get_by_id(Execution, [made.execution_id])
    assert execution.type == "Data Validation"
    assert execution.last_known_state is ExecutionState.COMPLETE
    assert execution.properties == {"state": "COMPLETED"}
    events = demo_store.get_events_by_execution_ids([execution.id])
    (used,) = [event for event in events if event.type is EventType.DECLARED_INPUT]
    (data,) = demo_store.get_by_id(Artifact, [used.artifact_id])
    assert data.uri == str(demo.csv)
    assert data.properties == {"name": "Chicago Taxi dataset", "split": "train", "version": 1}


def test_the_automatic_walkthrough_is_one_chain(demo: Demo, demo_store: Store) -> None:
    graph = mt.lineage(demo.schema("automatic")).upstream()
    assert [(a.type, a.uri) for a in graph.artifacts] == [
        ("DataSet", str(demo.csv)),
        ("ExampleStatistics", None),
        ("Schema", str(demo.schema("automatic"))),
    ]
    assert [e.type for e in graph.executions] == [
        "tfdv.generate_statistics_from_csv",
        "tfdv.infer_schema",
    ]
    assert graph.artifacts[1].custom_properties["examples"] == 15_002
    assert graph.artifacts[1].custom_properties["features"] == 18


def test_one_file_is_one_artifact_however_it_is_recorded(demo: Demo, demo_store: Store) -> None:
    # Put by hand, it is another one: ML Metadata's calls make what they are given.
    found = [(a.uri, a.external_id is None) for a in data_sets(demo_store)]
    assert found == [(str(demo.csv), False), (str(demo.csv), True)]


def test_all_four_write_the_same_schema(demo: Demo) -> None:
    contents = {demo.schema(name).read_bytes() for name in (*DECLARED, "automatic", "by_hand")}
    assert len(contents) == 1


# What it leaves, as ml_metadata reads it, and then writes to it.


def ask_ml_metadata(job: str, database: Path) -> Any:
    default = ROOT / "build" / "envs" / "mlmd" / "bin" / "python"
    python = os.environ.get("MLMETA_TEST_MLMD_PYTHON", str(default))
    if not Path(python).exists():
        pytest.skip(f"{python} is not there: run `make test`, which sets it up")
    command = [python, str(PEER), job, str(database)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def found(demo: Demo) -> Any:
    """What ml_metadata finds in the demo's own file."""
    return ask_ml_metadata("read", demo.database)


def test_ml_metadata_finds_the_types(found: Any) -> None:
    data_set = {"name": "STRING", "split": "STRING", "version": "INT"}
    assert found["types"]["DataSet"] == data_set
    assert found["types"]["Schema"] == {"name": "STRING", "version": "INT"}
    assert found["types"]["Data Validation"] == {"state": "STRING"}
    assert found["types"]["Experiment"] == {"note": "STRING"}
    assert found["types"]["ExampleStatistics"] == {"span": "INT", "split_names": "STRING"}


def test_ml_metadata_finds_the_experiment(found: Any, demo: Demo) -> None:
    assert found["demo"] == {"note": "Walkthrough of metadata"}
    assert found["children_of_demo"] == ["Run"] * 3
    assert len(found["executions_of_demo"]) == 6
    assert sorted(found["artifacts_of_demo"]) == sorted(
        [
            ["DataSet", str(demo.csv)],
            ["ExampleStatistics", ""],
            *(["Schema", str(demo.schema(n))] for n in (*DECLARED, "automatic", "by_hand")),
        ]
    )


def test_ml_metadata_finds_the_validations(found: Any, demo: Demo) -> None:
    validations = [e for e in found["executions_of_demo"] if e["type"] == "Data Validation"]
    keys = {
        "with_blocks": (["DataSet"], ["Schema"]),
        "decorated": (["train"], ["out"]),
        "by_hand": ([], []),
    }
    assert validations == [
        {
            "type": "Data Validation",
            "last_known_state": "COMPLETE",
            "properties": {"state": "COMPLETED"},
            "events": [
                ["DECLARED_INPUT", keys[name][0], "DataSet", str(demo.csv)],
                ["DECLARED_OUTPUT", keys[name][1], "Schema", str(demo.schema(name))],
            ],
        }
        for name in keys
    ]


def test_ml_metadata_finds_from_each_schema_the_data(found: Any, demo: Demo) -> None:
    named = {"name": "Chicago Taxi Schema", "version": 1}
    assert found["schemas"] == [named, named, {}, named]
    data = {"name": "Chicago Taxi dataset", "split": "train", "version": 1}
    assert found["data_sets"] == [data, data]
    *declared, by_hand = [
        [["Schema", str(demo.schema(n))], ["Data Validation", ""], ["DataSet", str(demo.csv)]]
        for n in (*DECLARED, "by_hand")
    ]
    automatic = [
        ["Schema", str(demo.schema("automatic"))],
        ["tfdv.infer_schema", ""],
        ["ExampleStatistics", ""],
        ["tfdv.generate_statistics_from_csv", ""],
        ["DataSet", str(demo.csv)],
    ]
    assert found["chains"] == [*declared, automatic, by_hand]


def test_what_ml_metadata_writes_afterwards_we_read(demo: Demo, found: Any, tmp_path: Path) -> None:
    for file in demo.folder.glob("metadata.db*"):
        shutil.copy(file, tmp_path)
    written = ask_ml_metadata("write", tmp_path / "metadata.db")
    mt.init("sqlite:///metadata.db", strict=True)
    store = mt.get_store()
    (execution,) = store.get_by_id(Execution, [written["execution_id"]])
    assert execution.type == "Data Validation"
    assert execution.properties == {"state": "COMPLETED"}
    assert execution.last_known_state is ExecutionState.COMPLETE
    (data,) = mt.lineage(execution).upstream().artifacts
    assert data.id == written["data_id"]
    assert data.uri == "file:///eval.csv"
    assert data.properties == {"split": "eval", "version": 2}
    (event,) = store.get_events_by_artifact_ids([data.id])
    assert (event.type, event.path) == (EventType.DECLARED_INPUT, ("eval",))
    assert execution in store.get_by_context(Execution, written["context_id"])
    assert data in store.get_by_context(Artifact, written["context_id"])
    # And the file is still ours to write to.
    with mt.step("Data Validation") as step:
        step.input("eval.csv")
    assert len(store.get_by_type(Execution, "Data Validation")) == 5


# When an example fails: shown with examples that are quick to fail.


@pytest.fixture
def broken(examples: Path, tmp_path: Path) -> list[str]:
    """The command of a demo whose first example fails."""
    (tmp_path / "data.csv").write_text("fare\n1\n", encoding="utf-8")
    shutil.copy(examples / "demo.py", tmp_path)
    (tmp_path / "walkthrough_with_blocks.py").write_text(
        "import time; time.sleep(0.5); print('what it printed'); raise SystemExit(3)",
        encoding="utf-8",
    )
    return [sys.executable, str(tmp_path / "demo.py"), "data.csv", str(tmp_path / "out")]


def test_a_failing_example_is_shown_and_ends_the_demo(broken: list[str]) -> None:
    finished = subprocess.run(broken, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "what it printed" in finished.stderr
    assert "walkthrough_with_blocks.py failed with exit code 3." in finished.stderr
    assert "2/4" not in finished.stdout


def test_seconds_tick_on_a_terminal(broken: list[str]) -> None:
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    process = subprocess.Popen(broken, stdout=follower, stderr=subprocess.DEVNULL)
    os.close(follower)
    shown = b""
    deadline = time.monotonic() + 60
    with contextlib.suppress(OSError):  # is how Linux says that the other side is closed
        while time.monotonic() < deadline and (read := os.read(leader, 1000)):
            shown += read
    process.wait()
    os.close(leader)
    assert b"\r    working" in shown


def test_missing_data_is_said(examples: Path) -> None:
    command = [sys.executable, str(examples / "demo.py"), "nowhere.csv"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "make demo" in finished.stderr
    assert "Traceback" not in finished.stderr


# What OpenLineage's events tell of it.


def test_its_openlineage_events_tell_the_same_lineage(demo_store: Store) -> None:
    events = list(lines(take_all(demo_store)))
    by_store = ancestors_in(demo_store)
    assert ancestors_by_events(events) == by_store
    assert len(by_store) == len(demo_store.list_nodes(Artifact))
