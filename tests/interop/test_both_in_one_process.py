"""Our look-alike and the real wheel live in one process, each with its own messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("absl")
pytest.importorskip("attr")

PROGRAM = """
{imports}

def use(mlmd):
    config = mlmd.proto.ConnectionConfig()
    config.fake_database.SetInParent()
    store = mlmd.MetadataStore(config)
    declared = mlmd.proto.ArtifactType(name="T")
    node = mlmd.proto.Artifact(type_id=store.put_artifact_type(declared), uri="u")
    [node_id] = store.put_artifacts([node])
    [found] = store.get_artifacts_by_id([node_id])
    found.ClearField("create_time_since_epoch")
    found.ClearField("last_update_time_since_epoch")
    return found

ours, theirs = use(mlmeta_track.mlmd), use(ml_metadata)
assert type(ours) is not type(theirs)
assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)
print("both")
"""
ORDERS = [
    "import ml_metadata\nimport mlmeta_track.mlmd",
    "import mlmeta_track.mlmd\nimport ml_metadata",
]


@pytest.fixture
def wheel_folder(wheel_python: str, tmp_path: Path) -> Path:
    """A folder with ``ml_metadata`` and nothing else, for this Python if the wheel is for it."""
    where = "import ml_metadata, sys; print(*ml_metadata.__path__, *sys.version_info[:2])"
    done = subprocess.run([wheel_python, "-c", where], capture_output=True, text=True, check=True)
    package, *version = done.stdout.split()
    if [int(part) for part in version] != list(sys.version_info[:2]):
        pytest.skip("the wheel is for another Python")
    folder = tmp_path / "wheel"
    folder.mkdir()
    (folder / "ml_metadata").symlink_to(package)
    return folder


@pytest.mark.parametrize("imports", ORDERS, ids=["theirs first", "ours first"])
def test_both_packages_work_in_one_process(wheel_folder: Path, imports: str) -> None:
    program = (
        f"import sys; sys.path.append({str(wheel_folder)!r})\n{PROGRAM.format(imports=imports)}"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.stdout == "both\n", done.stderr
