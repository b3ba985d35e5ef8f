"""``autotrack()`` in the first cell of a notebook, in real kernels, and what the cells show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from mlmeta_track.tracking import recorder

STEP = """
@mt.step
def clean(numbers: list[int], most: int = 3) -> str:
    open('clean.txt', 'w').write(str(sorted(numbers)[:most]))
    mt.log_output('clean.txt')
    return 'clean.txt'

clean([3, 1, 2])
"""

FAILING = """
with mt.step('Train') as step:
    step.input('clean.txt')
    1 / 0
"""

ASYNC = """
import asyncio

@mt.step
async def later() -> int:
    await asyncio.sleep(0)
    return 1

await later()
"""

PLAIN = {
    "first": "import mlmeta_track as mt\nmt.autotrack()",
    "imported": "import sys\nsorted({'tensorflow', 'pandas', 'numpy'} & set(sys.modules))",
    "step": STEP,
    "failing": FAILING,
    "async": ASYNC,
    "lineage": "mt.lineage('clean.txt')",
    "graph": "mt.lineage('clean.txt').upstream()",
    "artifact": "mt.lineage('clean.txt').node",
    "execution": "mt.lineage('execution:2').node",
}

STATISTICS = """
frame = pd.DataFrame({'fare': [1.5, 2.5, 4.0], 'company': ['A', 'B', 'A']})
statistics = tfdv.generate_statistics_from_dataframe(frame)
schema = tfdv.infer_schema(statistics)
"""

ANOMALIES = """
tfdv.write_schema_text(schema, 'schema.pbtxt')
anomalies = tfdv.validate_statistics(statistics, tfdv.load_schema_text('schema.pbtxt'))
"""

LOADED = """
(made,) = [a for a in mt.lineage(2).downstream().artifacts if a.type == 'ExampleAnomalies']
print(made.uri)
mt.load(made) == anomalies
"""

WITH_TFDV = {
    "first": "import mlmeta_track as mt\nmt.autotrack()",
    "imports": "import pandas as pd\nimport tensorflow_data_validation as tfdv",
    "statistics": STATISTICS,
    "anomalies": ANOMALIES,
    "graph": "mt.lineage('schema.pbtxt').upstream()",
    "schema": "schema == mt.load('schema.pbtxt')",
    "loaded": LOADED,
    "failing": "tfdv.load_schema_text('missing.pbtxt')",
    "printed": "print(mt.lineage('schema.pbtxt').upstream())",
}

Outputs = dict[str, list[Any]]


def run(cells: dict[str, str], folder: Path) -> Outputs:
    """Run cells in a kernel of their own, past those that fail; return what each has shown."""
    made = [nbformat.v4.new_code_cell(source) for source in cells.values()]  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=made)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook, timeout=240, allow_errors=True, resources={"metadata": {"path": folder}}
    ).execute()
    return {name: cell.outputs for name, cell in zip(cells, notebook.cells, strict=True)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    with pytest.MonkeyPatch.context() as environment:
        # The module's fixtures come before each test's clean surroundings: else the kernel would
        # be told the run of an earlier test.
        environment.setattr(recorder, "_current", None)
        environment.setenv("MLMETA_TRACK_STRICT", "1")
        return run(PLAIN, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def with_tfdv(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    with pytest.MonkeyPatch.context() as environment:
        environment.setattr(recorder, "_current", None)
        environment.setenv("MLMETA_TRACK_CAPTURE", "payload")
        environment.setenv("MLMETA_TRACK_STRICT", "1")
        return run(WITH_TFDV, tmp_path_factory.mktemp("tfdv"))


def result(outputs: list[Any], form: str = "text/plain") -> str:
    """What a cell's last line is, in one of the forms that the kernel sends."""
    (found,) = [o for o in outputs if o.output_type == "execute_result"]
    return str(found.data[form])


def errors(cells: Outputs) -> list[tuple[str, str]]:
    """The names and tracebacks of the errors that cells have shown."""
    found = [o for outputs in cells.values() for o in outputs if o.output_type == "error"]
    return [(o.ename, "\n".join(o.traceback)) for o in found]


def test_the_first_cell_shows_nothing_and_imports_nothing(plain: Outputs) -> None:
    assert plain["first"] == []
    assert result(plain["imported"]) == "[]"


def test_steps_of_cells_return_what_they_return(plain: Outputs) -> None:
    assert result(plain["step"]) == "'clean.txt'"
    assert result(plain["async"]) == "1"


def test_only_the_users_error_is_shown(plain: Outputs) -> None:
    ((name, traceback),) = errors(plain)
    assert name == "ZeroDivisionError"
    assert "mlmeta_track" not in traceback


def test_a_lineage_is_shown_as_tables_and_picture(plain: Outputs) -> None:
    shown = result(plain["lineage"], "text/html")
    for part in ("<svg", "<table>", "clean.txt", "FAILED"):
        assert part in shown


def test_a_graph_is_shown_as_picture_and_table(plain: Outputs) -> None:
    shown = result(plain["graph"], "text/html")
    for part in ("<svg", "<table>", "clean.txt", "COMPLETED"):
        assert part in shown
    assert "<script" not in shown


def test_an_artifact_and_an_execution_are_shown_as_tables(plain: Outputs) -> None:
    assert "clean.txt" in result(plain["artifact"], "text/html")
    shown = result(plain["execution"], "text/html")
    assert "ZeroDivisionError" in shown, shown


def test_tfdv_imported_after_the_first_cell_is_tracked(with_tfdv: Outputs) -> None:
    assert with_tfdv["first"] == []
    shown = result(with_tfdv["graph"], "text/html")
    for part in ("<svg", "tfdv.infer_schema", "ExampleStatistics", "DataSet", "schema.pbtxt"):
        assert part in shown


def test_payloads_of_cells_are_loaded(with_tfdv: Outputs) -> None:
    assert result(with_tfdv["schema"]) == "True"
    assert result(with_tfdv["loaded"]) == "True"
    (printed,) = [o.text for o in with_tfdv["loaded"] if o.output_type == "stream"]
    assert printed.endswith("/SchemaDiff.pb\n")


def test_an_error_of_tfdv_is_tfdvs_own(with_tfdv: Outputs) -> None:
    ((name, _),) = errors(with_tfdv)
    assert name in {"OSError", "FileNotFoundError", "NotFoundError"}


def test_a_graph_is_printed_as_a_tree(with_tfdv: Outputs) -> None:
    (output,) = with_tfdv["printed"]
    assert "tfdv.write_schema_text  COMPLETED" in output.text
