"""Packaging lists, locks and folders agree, and no file names a registry or a machine."""

import importlib
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PREFIX = "mlmeta_track_"
# Extras of the core itself: the wire and the database servers.
OTHER_EXTRAS = {"mlmd", "mysql", "postgresql", "openlineage", "ui"}
PACKAGES = {
    path.name
    for path in (ROOT / "integrations").glob(PREFIX + "*")
    if path.is_dir() and any(path.glob("*.py"))
}

# What a pipeline stands on already, or not: nobody wants all of them.
ENGINES = {"dask", "kedro", "ray", "spark"}

# Which sources each lock is compiled from: what `make lock` does.
LOCKS = {
    "beam-current": ("core",),
    "core-test": ("core",),
    "dev": ("core", "extras"),
    "docs": ("core",),
    "engines": ("core", "engines"),
    "mlflow": (),
    "mlmd": (),
    "taxi": (),
    "uv": (),
}


def requirement_names(lines: Iterable[str]) -> set[str]:
    """The distributions that lines of requirements ask for, in their normalized spelling."""
    names = (re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line.strip()) for line in lines)
    return {re.sub(r"[-_.]+", "-", name.group()).lower() for name in names if name}


def lock_entries(name: str) -> Iterator[tuple[str, str]]:
    """Each entry of a lock: the distribution's name, and all the lines that belong to it."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    for entry in re.split(r"\n(?=[a-z0-9])", "\n" + text)[1:]:
        yield entry.split("==")[0].split("[")[0], entry


def committed_text_files() -> Iterator[tuple[str, str]]:
    """Path and content of every text file that is committed or about to be."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git repository, so there is no list of committed files")
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            yield name, content.decode("utf-8")


def compare(where: str, listed: Iterable[str], expected: Iterable[str]) -> None:
    """Fail by name if two lists differ."""
    missing, extra = set(expected) - set(listed), set(listed) - set(expected)
    assert not missing, f"{where} lacks {sorted(missing)}"
    assert not extra, (
        f"{where} names {sorted(extra)}, for which there is no folder in integrations/"
    )


def test_wheel_holds_the_package_and_every_integration() -> None:
    compare(
        "[tool.hatch.build.targets.wheel] packages",
        PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
        {"mlmeta_track", *(f"integrations/{name}" for name in PACKAGES)},
    )


def test_every_integration_has_its_extra() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    short = {name.removeprefix(PREFIX) for name in PACKAGES}
    others = OTHER_EXTRAS | {"all"}
    compare("[project.optional-dependencies]", set(extras) - others, short)
    assert extras["all"] == [f"mlmeta-track[{','.join(sorted((short - ENGINES) | OTHER_EXTRAS))}]"]


def test_every_integration_has_its_entry_point() -> None:
    listed = PROJECT["project"]["entry-points"]["mlmeta_track"]
    expected = {name.removeprefix(PREFIX): f"{name}.plugin" for name in PACKAGES}
    del expected["kedro"]  # which is found by Kedro
    expected["exporters"] = "mlmeta_track.exporters.plugin"
    compare("[project.entry-points.mlmeta_track]", listed, expected)
    assert listed == expected


def test_kedro_finds_its_plugin() -> None:
    (point,) = entry_points(group="kedro.hooks", name="mlmeta_track")
    assert hasattr(point.load().before_node_run, "kedro_impl")


def test_import_linter_knows_every_integration() -> None:
    config = PROJECT["tool"]["importlinter"]
    compare(
        "[tool.importlinter] root_packages", config["root_packages"], {"mlmeta_track"} | PACKAGES
    )
    (independence,) = (c for c in config["contracts"] if c["type"] == "independence")
    compare("the independence contract's modules", independence["modules"], PACKAGES)
    (sqlalchemy,) = (c for c in config["contracts"] if c["type"] == "forbidden")
    compare(
        "the SQLAlchemy contract's source_modules",
        sqlalchemy["source_modules"],
        {"mlmeta_track"} | PACKAGES,
    )


def test_mypy_reads_every_integration() -> None:
    compare(
        "[tool.mypy] files",
        set(PROJECT["tool"]["mypy"]["files"]) - {"tests"},
        {"mlmeta_track", *(f"integrations/{name}" for name in PACKAGES)},
    )


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_an_integration_is_installed_as_a_typed_top_level_package(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert (Path(module.__file__).parent / "py.typed").is_file()


def test_entry_points_are_installed() -> None:
    installed = {point.name for point in entry_points(group="mlmeta_track")}
    assert installed >= {name.removeprefix(PREFIX) for name in PACKAGES} - {"kedro"}


def test_each_lock_has_its_input() -> None:
    folder = ROOT / "requirements"
    assert {path.stem for path in folder.glob("*.in")} == set(LOCKS)
    assert {path.stem for path in folder.glob("*.txt")} == set(LOCKS)


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_address_and_has_a_hash_for_every_entry(name: str) -> None:
    entries = dict(lock_entries(name))
    assert entries
    bare = [
        key for key, entry in entries.items() if "==" not in entry or "--hash=sha256:" not in entry
    ]
    assert not bare, f"requirements/{name}.txt has no version or no hash for {bare}"
    assert "://" not in (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", LOCKS)
def test_lock_is_in_step_with_what_it_is_compiled_from(name: str) -> None:
    asked = (ROOT / "requirements" / f"{name}.in").read_text("utf-8").splitlines()
    if "core" in LOCKS[name]:
        asked += PROJECT["project"]["dependencies"]
    extras = PROJECT["project"]["optional-dependencies"]
    if "extras" in LOCKS[name]:
        named = set(extras) - ENGINES - {"all"}
        asked += [line for extra in named for line in extras[extra]]
    if "engines" in LOCKS[name]:
        asked += [line for extra in ENGINES for line in extras[extra]]
    needed = requirement_names(
        line for line in asked if name == "core-test" or "python_version < '3.11'" not in line
    )
    missing = needed - {key for key, _ in lock_entries(name)}
    assert not missing, f"requirements/{name}.txt lacks {sorted(missing)}: run `make lock`"


def test_the_messages_are_what_make_messages_writes(tmp_path: Path) -> None:
    protos = [
        p.relative_to(ROOT).as_posix() for p in sorted(ROOT.glob("mlmeta_track/wire/*.proto"))
    ]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--python_out={tmp_path}"]
    done = subprocess.run([*command, *protos], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    written = {path.name: path.read_text("utf-8") for path in tmp_path.rglob("*_pb2.py")}
    wire = ROOT / "mlmeta_track" / "wire"
    assert written == {path.name: path.read_text("utf-8") for path in wire.glob("*_pb2.py")}


# Put together here so that this file does not name what it looks for.
REGISTRY_HOSTS = [
    re.escape(host)
    for host in (
        "pypi" + ".org",
        "files.python" + "hosted.org",
        "registry.npm" + "js.org",
        "registry.yarn" + "pkg.com",
        "deb.debian" + ".org",
    )
]
MACHINE_PATHS = ["/" + r"root/", "/" + r"home/\w", "/" + r"tmp/w\b", "/" + r"work/(main|shared)\b"]


@pytest.mark.parametrize("pattern", REGISTRY_HOSTS + MACHINE_PATHS)
def test_no_committed_file_names_a_registry_host_or_a_machine_path(pattern: str) -> None:
    found = [name for name, text in committed_text_files() if re.search(pattern, text)]
    assert not found, f"{pattern} occurs in {found}"
