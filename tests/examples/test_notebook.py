"""The notebook of the walkthrough runs in a real kernel, from the first cell to the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient


@pytest.fixture(scope="module")
def cells(examples: Path, taxi_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The notebook's cells behind a run of it, on the real data and in a folder of its own."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(examples / "walkthrough.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    (parameters,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    parameters.source = f"csv = {str(taxi_csv)!r}\nfolder = Path({str(folder)!r})"
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": folder}}).execute()
    return list(notebook.cells)


def printed(cell: Any) -> str:
    return "".join(o.text for o in cell.outputs if o.get("name") == "stdout")


def test_the_look_up_finds_the_data_from_the_schema(cells: list[Any]) -> None:
    (look_up,) = [c for c in cells if c.source.startswith("makers = ")]
    assert printed(look_up) == "Chicago Taxi dataset version 1\n"


def test_the_last_cell_draws_what_was_recorded_by_hand(cells: list[Any], taxi_csv: Path) -> None:
    schema, execution, data = printed(cells[-1]).splitlines()
    assert schema.startswith("Schema “Chicago Taxi Schema”")
    assert execution.strip().startswith("└── Data Validation  COMPLETED")
    assert f"DataSet “Chicago Taxi dataset” {taxi_csv}" in data
