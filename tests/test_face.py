from __future__ import annotations

import ast
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track import errors
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.connect import open_store

HEAVY = ("sqlalchemy", "tensorflow", "pandas", "numpy", "grpc", "click", "lark")
FACE = Path(mt.__file__)


def test_import_brings_nothing_heavy() -> None:
    code = f"import sys, mlmeta_track; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_documented() -> None:
    assert [name for name in mt.__all__ if not getattr(mt, name).__doc__] == []


def test_type_checkers_and_python_find_the_same_names_at_the_same_places() -> None:
    tree = ast.parse(FACE.read_text(encoding="utf-8"))
    checked, _ = (node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(told) == mt.__all__
    for name, (module, there) in told.items():
        assert getattr(mt, name) is getattr(sys.modules[str(module)], there)


def test_names_are_listed_before_they_are_loaded() -> None:
    code = "import mlmeta_track as mt; print(set(mt.__all__) <= set(dir(mt)), 'step' in vars(mt))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'strep'"):
        mt.strep  # type: ignore[attr-defined]  # noqa: B018 - the access is what is tested


def test_every_error_has_the_one_root() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    assert all(issubclass(c, mt.MlmetaTrackError) for c in classes)


def test_errors_know_the_status_codes_of_mlmd() -> None:
    codes = {
        errors.InvalidArgumentError: 3,
        errors.NotFoundError: 5,
        errors.AlreadyExistsError: 6,
        errors.FailedPreconditionError: 9,
        errors.AbortedError: 10,
        errors.InternalError: 13,
        errors.UnavailableError: 14,
    }
    assert {error: error.status_code for error in codes} == codes


def test_subclasses_have_the_code_of_what_they_are() -> None:
    assert errors.TypeConflictError.status_code == errors.AlreadyExistsError.status_code
    assert errors.SettingsError.status_code == errors.InvalidArgumentError.status_code


WITHOUT_INIT = """
import threading
import mlmeta_track as mt

def work():
    with mt.step("Inner"):
        pass

with mt.step("Outer"):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
"""


def test_a_step_knows_its_parent_across_threads_without_init_or_autotrack(
    store_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", WITHOUT_INIT]
    environment = {"MLMETA_TRACK_STORE": store_url, "MLMETA_TRACK_STRICT": "true"}
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    with closing(open_store(store_url)) as store:
        outer, inner = store.list_nodes(Execution)
    assert (outer.type, inner.type) == ("Outer", "Inner")
    assert inner.custom_properties["mlmeta_parent_execution"] == outer.external_id
