"""Plugins are found, loaded when needed, and left out when they are broken."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pluggy
import pytest

from mlmeta_track.plugins import Hooks, hookimpl

HEAD = "from mlmeta_track.plugins import hookimpl\n"
GOOD = (
    f"{HEAD}@hookimpl\ndef describe_artifact(value):\n"
    "    return 'good' if value == 'for good' else None\n"
)
PLUGINS = {
    "good": GOOD,
    "broken_import": "import no_such_module_at_all\n",
    "broken_syntax": "def\n",
    "broken_exit": "raise SystemExit('leaving')\n",
    "broken_name": f"{HEAD}@hookimpl\ndef describe_artefact(value): ...\n",
    "broken_signature": f"{HEAD}@hookimpl\ndef describe_artifact(valeu): ...\n",
    "broken_half": (
        f"{HEAD}@hookimpl\ndef before_step(step): raise SystemError\n"
        "@hookimpl\ndef describe_artifact(valeu): ...\n"
    ),
    "broken_hook": f"{HEAD}@hookimpl\ndef describe_artifact(value): return 1 / 0\n",
}


# What is installed beside us is none of the tests' business.
SETUP = """
import json, sys
from mlmeta_track.plugins import Hooks, hooks, manager
all_of = manager.entry_points
manager.entry_points = lambda **k: [e for e in all_of(**k) if e.value.startswith("sample")]
"""


class Site:
    """A folder like site-packages, in which distributions with plugins lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, *names: str) -> None:
        for name in names:
            (self.folder / f"sample_{name}.py").write_text(PLUGINS[name])
            metadata = self.folder / f"sample_{name}-1.0.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text(f"Name: sample-{name}\nVersion: 1.0\n")
            line = f"[mlmeta_track]\n{name} = sample_{name}\n"
            (metadata / "entry_points.txt").write_text(line)

    def run(self, code: str) -> tuple[Any, str]:
        """Run code in a new process and return what it printed as JSON, and what was logged."""
        command = [sys.executable, "-c", SETUP + code]
        done = subprocess.run(
            command,
            env={"PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), done.stderr


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


DESCRIBE = """
values = ["for good", "other", "for good"]
answers = [hooks.call("describe_artifact", value=value) for value in values]
print(json.dumps([answers, hooks.names()]))
"""


def test_an_installed_plugin_is_asked(site: Site) -> None:
    site.install("good")
    assert site.run(DESCRIBE) == ([["good", None, "good"], ["good"]], "")


def test_importing_the_library_imports_no_plugin(site: Site) -> None:
    site.install("good")
    code = "import mlmeta_track\nprint(json.dumps([m for m in sys.modules if 'sample_' in m]))"
    assert site.run(code) == ([], "")


def test_declaring_and_decorating_import_no_plugin(site: Site) -> None:
    site.install("good")
    code = (
        "import mlmeta_track as mt\n"
        "class DataSet(mt.Artifact):\n    name: str\n"
        "@mt.step\ndef work(): ...\n"
        "print(json.dumps([m for m in sys.modules if 'sample_' in m]))"
    )
    assert site.run(code) == ([], "")


BROKEN = [name for name in PLUGINS if name.startswith("broken")]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_named_once_and_left_out(site: Site, name: str) -> None:
    site.install(name, "good")
    (answers, names), logged = site.run(DESCRIBE)
    assert answers == ["good", None, "good"]
    assert names == ["good"]
    assert logged.count("is left out from now on") == 1
    assert f"The plugin {name!r} is left out" in logged


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken_import", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("broken_exit", "SystemExit: leaving"),
        ("broken_name", "unknown hook 'describe_artefact'"),
        ("broken_signature", "Argument(s) {'valeu'} are declared in the hookimpl but can not be"),
        ("broken_hook", "its hook describe_artifact raised: ZeroDivisionError"),
    ],
)
def test_the_warning_says_what_is_wrong_and_how_to_go_on(
    site: Site, name: str, reason: str
) -> None:
    site.install(name)
    _, logged = site.run(DESCRIBE)
    assert reason in logged
    assert "list the wanted plugins in MLMETA_TRACK_LOAD_PLUGINS" in logged


def test_all_hooks_of_a_broken_plugin_are_left_out(site: Site) -> None:
    site.install("broken_half")
    code = "print(json.dumps(hooks.call('before_step', step=None)))"
    answers, _ = site.run(code)
    assert answers == []


def test_several_broken_plugins_are_each_named(site: Site) -> None:
    site.install(*PLUGINS)
    (answers, names), logged = site.run(DESCRIBE)
    assert (answers, names) == (["good", None, "good"], ["good"])
    assert logged.count("is left out from now on") == len(BROKEN)


def test_only_plugins_that_are_listed_are_loaded(site: Site) -> None:
    site.install("good", "broken_import")
    assert site.run(f"hooks.restrict(['good'])\n{DESCRIBE}")[1] == ""
    code = "hooks.restrict([])\nprint(json.dumps([hooks.names(), 'sample_good' in sys.modules]))"
    assert site.run(code) == ([[], False], "")


def test_the_setting_lists_the_plugins(site: Site, store_url: str) -> None:
    site.install("good", "broken_import")
    code = (
        f"import os\nos.environ['MLMETA_TRACK_LOAD_PLUGINS'] = 'good'\n"
        f"import mlmeta_track as mt\nmt.init({store_url!r})\nprint(json.dumps(hooks.names()))"
    )
    assert site.run(code) == (["good"], "")


def test_a_plugin_that_was_loaded_can_be_restricted_and_allowed_again(site: Site) -> None:
    site.install("good")
    code = (
        "found = [hooks.names()]\n"
        "for names in ([], None):\n"
        "    hooks.restrict(names)\n"
        "    found.append(hooks.names())\n"
        "print(json.dumps(found))"
    )
    assert site.run(code) == ([["good"], [], ["good"]], "")


def test_a_broken_plugin_is_not_named_again_when_plugins_are_restricted(site: Site) -> None:
    site.install("broken_import", "good")
    code = f"hooks.names()\nhooks.restrict(['good', 'broken_import'])\n{DESCRIBE}"
    _, logged = site.run(code)
    assert logged.count("is left out") == 1


def test_without_readable_metadata_no_plugin_is_used_and_nothing_breaks(site: Site) -> None:
    site.install("good")
    code = (
        "def broken(**_): raise ValueError('bad metadata')\n"
        "from mlmeta_track.plugins import manager\n"
        f"manager.entry_points = broken\n{DESCRIBE}"
    )
    (answers, names), logged = site.run(code)
    assert (answers, names) == ([None] * 3, [])
    assert logged.count("No plugin is in use") == 1
    assert "ValueError: bad metadata" in logged


# Plugins that are added by hand.


class Answering:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked = 0

    @hookimpl
    def describe_artifact(self, value: Any) -> Any:
        self.asked += 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    @hookimpl
    def instrumentors(self) -> Any:
        return {"name": self.answer}


@pytest.fixture
def hooks() -> Hooks:
    """Hooks of their own, without what is installed."""
    hooks = Hooks()
    hooks.restrict([])
    return hooks


def test_the_first_answer_that_is_not_none_counts(hooks: Hooks) -> None:
    late, early = Answering("late"), Answering(None)
    hooks.register(late)
    hooks.register(early)
    assert hooks.call("describe_artifact", value=1) == "late"
    assert (early.asked, late.asked) == (1, 1)


def test_all_answers_are_given_for_a_hook_that_asks_for_all(hooks: Hooks) -> None:
    hooks.register(Answering(1))
    hooks.register(Answering(2))
    assert hooks.call("instrumentors") == [{"name": 2}, {"name": 1}]


def test_a_plugin_can_be_taken_away_again(hooks: Hooks) -> None:
    plugin = Answering("x")
    hooks.register(plugin, "sample")
    assert hooks.names() == ["sample"]
    hooks.unregister(plugin)
    assert hooks.names() == []
    assert hooks.call("describe_artifact", value=1) is None


def test_a_hook_that_raises_is_asked_once_and_the_others_go_on(
    hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = Answering("good"), Answering(ValueError("bad"))
    hooks.register(good, "good")
    hooks.register(bad, "bad")
    assert [hooks.call("describe_artifact", value=1) for _ in range(3)] == ["good"] * 3
    assert bad.asked == 1
    [warning] = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warning.startswith(
        "The plugin 'bad' is left out from now on: its hook describe_artifact"
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_what_stops_the_process_is_not_held_up_by_a_plugin(
    hooks: Hooks, error: BaseException
) -> None:
    hooks.register(Answering(error))
    with pytest.raises(type(error)):
        hooks.call("describe_artifact", value=1)


def test_a_wrong_plugin_added_by_hand_is_refused_and_not_kept(hooks: Hooks) -> None:
    class Wrong:
        @hookimpl
        def before_step(self, step: Any) -> None: ...

        @hookimpl
        def describe_artifact(self, valeu: Any) -> None: ...

    with pytest.raises(pluggy.PluginValidationError, match="valeu"):
        hooks.register(Wrong(), "wrong")
    assert hooks.names() == []
    assert hooks.call("before_step", step=None) == []


def test_a_plugin_may_call_a_hook_while_it_is_loaded(site: Site) -> None:
    calling = f"from mlmeta_track.plugins import hooks\nhooks.names()\n{GOOD}"
    site.install("good")
    (site.folder / "sample_good.py").write_text(calling)
    assert site.run(DESCRIBE) == ([["good", None, "good"], ["good"]], "")


def test_many_threads_load_the_plugins_once(site: Site) -> None:
    site.install("good", "broken_hook", "broken_import")
    code = (
        "import threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "together = threading.Barrier(8)\n"
        "def ask(_):\n"
        "    together.wait()\n"
        "    return hooks.call('describe_artifact', value='for good')\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(json.dumps(list(pool.map(ask, range(8)))))\n"
    )
    answers, logged = site.run(code)
    assert answers == ["good"] * 8
    assert logged.count("is left out") == 2
