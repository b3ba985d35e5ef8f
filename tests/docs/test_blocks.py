"""Every block of the README and the docs runs, and prints what the page says that it prints."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tomllib

import mlmeta_track as mt
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking import settings
from tests.server.certificates import Authority
from tests.serving import COMMAND, Served

ROOT = Path(__file__).resolve().parents[2]
# The page of engines is run by tests/engines, in an environment that has them.
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "engines.md"),
]
FENCE = re.compile(r"^```(\w*|\{[\w-]+\}[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Commands that a page shows and no test can run as they stand, each with what runs instead.
ELSEWHERE = {
    "pip install": "the package is this checkout, installed by make",
    "make demo": "tests/examples runs the demo and compares its output with the README",
    "make test": "it is what runs this test",
    "make bench": "tests/benchmarks runs the smallest of it",
    "mlmeta-track run examples/taxi_": "tests/integrations runs both on the real data",
    "mlmeta-track lineage made/": "and asks where it leads",
}

SERVE = "mlmeta-track serve "


@dataclass
class Page:
    """A page that is being run: a folder, and the names that its Python blocks share."""

    folder: Path
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "page"})
    printed: str | None = None

    def python(self, text: str) -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, "page", "exec"), self.names)  # noqa: S102 - our own pages
        self.printed = out.getvalue()

    def console(self, text: str) -> None:
        commands = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
        assert commands, "a console block needs a line that begins with `$ `"
        printed = [
            self._serve(command) if command.startswith(SERVE) else self._run(command)
            for command in commands
            if not _runs_elsewhere(command)
        ]
        shown = [line for line in text.splitlines() if not line.startswith("$ ")]
        if shown and printed:
            _assert_matches("\n".join(printed), "\n".join(shown))

    def _serve(self, command: str) -> str:
        """Start a server, which would not end by itself, at a free port instead of that shown."""
        shown, options = re.findall(r":(\d+)", command)[0], shlex.split(command)[2:]
        free = [re.sub(rf":{shown}$", ":0", option) for option in options]
        with subprocess.Popen(
            [*COMMAND, *free], cwd=self.folder, stdout=subprocess.PIPE, text=True
        ) as process:
            server = Served(process)
            server.stop()
        assert process.returncode == 0
        return server.first_line.replace(server.address.rpartition(":")[2], shown)

    def _run(self, command: str) -> str:
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        }
        done = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def text(self, text: str) -> None:
        if self.printed:
            _assert_matches(self.printed, text)

    @staticmethod
    def toml(text: str) -> None:
        table = tomllib.loads(text)
        settings.resolve(table.get("tool", {}).get(settings.TABLE, {}))

    @staticmethod
    def json(text: str) -> None:
        json.loads(text)


def _runs_elsewhere(command: str) -> bool:
    return any(command.startswith(known) for known in ELSEWHERE)


def _assert_matches(printed: str, shown: str) -> None:
    """Compare what was printed with what a page shows, where ``...`` stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in shown.strip().split("..."))
    assert re.fullmatch(pattern, printed.strip(), re.DOTALL), f"{printed}\nis not\n{shown}"


def _commands_folder(folder: Path) -> None:
    (folder / "script.py").write_text(
        "import sys\nassert sys.argv[1:] == ['--its-own', 'option']\n"
    )
    (folder / "pipelines").mkdir()
    shutil.copy(folder / "script.py", folder / "pipelines" / "train.py")
    (folder / "schema.pbtxt").write_text("feature {}")
    mt.init(f"sqlite:///{folder / 'metadata.db'}", strict=True)
    for _ in range(7):
        with mt.step("Infer") as step:
            step.output("schema.pbtxt")


def _started_folder(folder: Path) -> None:
    (folder / "validate.py").write_text("import sys\nassert sys.argv[1:] == ['data.csv']\n")


def _nothing(folder: Path) -> None:
    """Leave the folder empty: the page makes what it needs."""


def _readme_folder(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "train.csv").write_text("fare,company\n1.5,A\n2.5,B\n")
    (folder / "validate.py").write_text(
        "import tensorflow_data_validation as tfdv\n"
        "print(tfdv.generate_statistics_from_csv('data/train.csv').datasets[0].num_examples)\n"
    )


def _server_folder(folder: Path) -> None:
    authority = Authority(folder / "authority", "Authority")
    authority.certificate.rename(folder / "clients.pem")
    for file in authority.sign("server"):
        file.rename(folder / file.name)


def _tfdv_folder(folder: Path) -> None:
    (folder / "trips.csv").write_text("fare,company\n1.5,A\n2.5,B\n")


PREPARED: Mapping[str, Callable[[Path], None]] = {
    "README.md": _readme_folder,
    "commands.md": _commands_folder,
    "exports.md": _commands_folder,
    "getting-started.md": _started_folder,
    "server.md": _server_folder,
    "tfdv.md": _tfdv_folder,
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_blocks_of_the_page_run_as_shown(path: Path, tmp_path: Path) -> None:
    mt.untrack()  # whatever other tests have left on
    PREPARED.get(path.name, _nothing)(tmp_path)
    page = Page(tmp_path)
    plugins_before = set(hooks.names())
    try:
        for language, text in FENCE.findall(path.read_text(encoding="utf-8")):
            if language.startswith("{"):
                continue  # Sphinx's own: building the pages runs it
            run = getattr(page, language, None)
            assert run is not None, f"{path.name}: nobody knows how to run a block of {language!r}"
            run(text)
    finally:
        for name in set(hooks.names()) - plugins_before:
            hooks.unregister(name=name)


def test_every_command_that_runs_elsewhere_is_on_a_page() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert [known for known in ELSEWHERE if f"$ {known}" not in pages] == []
