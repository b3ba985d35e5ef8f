"""What steps make in memory is kept in files, once per content, and given back by ``load``."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    SettingsError,
)
from mlmeta_track.plugins import hookimpl, hooks
from mlmeta_track.tracking import payloads, recorder
from mlmeta_track.tracking.payloads import Payloads
from mlmeta_track.tracking.settings import Settings
from mlmeta_track.tracking.steps import Step

SOUND = ArtifactType("Sound")


class Sound:
    """A value that a plugin knows; ``problem`` is what its plugin has with it."""

    def __init__(self, samples: str, problem: str = "") -> None:
        self.samples = samples
        self.problem = problem


class SoundPlugin:
    def __init__(self) -> None:
        self.saved: list[str] = []

    @hookimpl
    def describe_artifact(self, value: object) -> Description | None:
        if not isinstance(value, Sound):
            return None
        digest = hashlib.sha256(value.samples.encode()).hexdigest()
        return Description(SOUND, fingerprint=f"{value.problem}sha256:{digest}")

    @hookimpl
    def save_payload(self, value: object, folder: Path) -> str | None:
        if not isinstance(value, Sound) or value.samples == "unknown":
            return None
        if value.samples == "broken":
            (folder / "half.txt").write_text("bro")
            raise OSError(28, "No space left on device")
        self.saved.append(value.samples)
        (folder / "sound.txt").write_text(value.samples)
        return "sound.txt"

    @hookimpl
    def load_payload(self, type_name: str, path: Path) -> Any:
        return Sound(path.read_text(encoding="utf-8")) if type_name == "Sound" else None


@pytest.fixture
def plugin() -> Iterator[SoundPlugin]:
    registered = SoundPlugin()
    hooks.register(registered, "sound")
    yield registered
    if "sound" in hooks.names():
        hooks.unregister(name="sound")


@pytest.fixture
def kept(plugin: SoundPlugin, store_url: str) -> SoundPlugin:
    """The plugin, where payloads are kept; a lost record or payload is an error."""
    mt.init(store_url, capture="payload", strict=True)
    return plugin


@mt.step
def record(samples: str) -> Sound:
    return Sound(samples)


@mt.step
def play(sound: Sound) -> None:
    pass


def artifacts() -> list[Artifact]:
    return mt.get_store().list_nodes(Artifact)


def uris() -> list[str | None]:
    return [artifact.uri for artifact in artifacts()]


def files(folder: Path) -> list[str]:
    found = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return [path.as_posix() for path in found]


def place(samples: str) -> str:
    digest = hashlib.sha256(samples.encode()).hexdigest()
    return f"Sound/{digest[:2]}/{digest}/sound.txt"


# Where payloads are kept.


def test_what_a_step_makes_is_written_beside_the_store_under_its_digest(
    kept: SoundPlugin, tmp_path: Path
) -> None:
    record("la")
    folder = tmp_path / "mlmeta_payloads"
    assert files(folder) == [place("la")]
    assert uris() == [str(folder / place("la"))]
    assert (folder / place("la")).read_text() == "la"


def test_without_the_setting_nothing_is_written(
    plugin: SoundPlugin, store_url: str, tmp_path: Path
) -> None:
    mt.init(store_url, strict=True)
    record("la")
    assert plugin.saved == []
    assert uris() == [None]
    assert not (tmp_path / "mlmeta_payloads").exists()


def test_a_process_that_records_nothing_keeps_nothing(
    plugin: SoundPlugin, store_url: str, tmp_path: Path
) -> None:
    mt.init(store_url, capture="payload", disabled=True)
    record("la")
    assert plugin.saved == []
    assert not (tmp_path / "mlmeta_payloads").exists()


def test_the_environment_switches_it_on(
    plugin: SoundPlugin, store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_CAPTURE", "payload")
    monkeypatch.setenv("MLMETA_TRACK_PAYLOADS", str(tmp_path / "elsewhere"))
    mt.init(store_url, strict=True)
    record("la")
    assert files(tmp_path / "elsewhere") == [place("la")]


@pytest.mark.parametrize("word", ["all", ""])
def test_a_word_that_it_cannot_be_is_named(word: str, store_url: str) -> None:
    with pytest.raises(SettingsError, match=f"capture cannot be '{word}': it must be facts or pay"):
        mt.init(store_url, capture=word)


@pytest.mark.parametrize(
    ("store", "folder"),
    [
        ("sqlite:///runs/m.db", "runs"),
        ("sqlite:///runs/m.db?timeout=3", "runs"),
        ("sqlite:///file:runs/m.db?uri=true", "runs"),
        ("sqlite:////far/away/m.db", "/far/away"),
        ("sqlite://", "."),
        ("sqlite:///:memory:", "."),
        ("postgresql://host/database", "."),
    ],
)
def test_the_default_folder_is_beside_the_stores_file(
    store: str, folder: str, tmp_path: Path
) -> None:
    root = Payloads(Settings(store=store, capture="payload"))._root
    assert Path(root) == Path(os.path.normpath(tmp_path / folder)) / "mlmeta_payloads"


def test_the_folder_stays_when_the_process_moves_on(
    plugin: SoundPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mt.init("sqlite://", capture="payload", payloads="kept", strict=True)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    record("la")
    assert files(tmp_path / "kept") == [place("la")]


@pytest.mark.parametrize("name", ["../up", "..", "a/b", "a:b", "x" * 250])
def test_the_name_of_a_type_never_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    root = tmp_path / "kept"
    place = payloads._place(name, f"sha256:{'a' * 64}")
    assert len(place.split("/")) == 3
    assert root in Path(os.path.normpath(root / place)).parents
    assert len(place.split("/")[0]) <= 100


def test_a_fingerprint_that_is_no_digest_is_hashed() -> None:
    kind, _, digest = payloads._place("Sound", "of-mine:../../x").split("/")
    assert kind == "Sound"
    assert digest == hashlib.sha256(b"of-mine:../../x").hexdigest()


# Once, and whole.


def test_equal_contents_are_written_once(kept: SoundPlugin) -> None:
    record("la")
    record("la")
    assert kept.saved == ["la"]
    first, second = uris()
    assert first == second


def test_a_value_that_no_plugin_writes_stays_in_memory(kept: SoundPlugin, tmp_path: Path) -> None:
    record("unknown")
    assert uris() == [None]
    assert files(tmp_path / "mlmeta_payloads") == []


def test_what_is_known_by_samples_only_is_not_kept(kept: SoundPlugin) -> None:
    @mt.step
    def sample() -> Sound:
        return Sound("la", problem="sampled-")

    sample()
    assert kept.saved == []
    assert uris() == [None]


def test_inputs_are_not_written(kept: SoundPlugin) -> None:
    play(Sound("la"))
    assert kept.saved == []


def test_many_threads_that_make_one_content_share_one_file(
    kept: SoundPlugin, tmp_path: Path
) -> None:
    threads = [threading.Thread(target=record, args=(f"la{i % 3}",)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files(tmp_path / "mlmeta_payloads") == sorted(place(f"la{i}") for i in range(3))
    assert len(uris()) == 12
    assert all(Path(uri or "").is_file() for uri in uris())


def _record_in_a_process(folder: str, n: int) -> None:
    hooks.register(SoundPlugin())
    mt.init(f"sqlite:///{folder}/{n}.db", capture="payload", payloads=f"{folder}/kept", strict=True)
    for i in range(30):
        record(f"la{i}" * 1000)


def test_many_processes_that_make_one_content_share_one_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started = [
        context.Process(target=_record_in_a_process, args=(str(tmp_path), n)) for n in range(3)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0]
    assert files(tmp_path / "kept") == sorted(place(f"la{i}" * 1000) for i in range(30))


# What goes wrong costs the payload, and nothing else.


def test_a_full_disk_loses_the_payload_and_says_so(
    plugin: SoundPlugin, store_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mt.init(store_url, capture="payload")
    with caplog.at_level(logging.WARNING, "mlmeta_track"):
        assert record("broken").samples == "broken"
    (said,) = caplog.messages
    assert "keep the payload of what the step 'record' made" in said
    assert "No space left on device" in said
    (artifact,) = artifacts()
    assert artifact.uri is None
    assert artifact.fingerprint is not None
    assert files(tmp_path / "mlmeta_payloads") == []
    assert list((tmp_path / "mlmeta_payloads").iterdir()) == []
    record("la")  # The plugin is still in use.
    assert plugin.saved == ["la"]


def test_a_folder_that_cannot_be_made_loses_the_payload(
    plugin: SoundPlugin, store_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    mt.init(store_url, capture="payload", payloads="file/kept")
    record("la")
    assert "keep the payload" in caplog.text
    (artifact,) = artifacts()
    assert artifact.uri is None
    (execution,) = mt.get_store().list_nodes(Execution)
    assert execution.properties == {"state": "COMPLETED"}


def test_strict_raises_what_was_lost(kept: SoundPlugin) -> None:
    with pytest.raises(mt.MlmetaTrackError, match="keep the payload"):
        record("broken")


# What the user writes.


def test_what_lies_somewhere_already_is_not_written_again(
    kept: SoundPlugin, tmp_path: Path
) -> None:
    class Text(mt.Artifact):
        name: str

    with mt.step("Write") as step:
        (tmp_path / "la.txt").write_text("la")
        step.output("la.txt", Text(name="la"))
    assert kept.saved == []
    assert uris() == [str(tmp_path / "la.txt")]


def test_what_the_user_writes_is_a_copy_that_leads_back_to_the_payload(
    kept: SoundPlugin, tmp_path: Path
) -> None:
    sound = record("la")
    step = Step("write", recorder.current())
    used = step.use(sound, ("sound",), description=_described(sound))
    step.start()
    (tmp_path / "la.txt").write_text("la")
    step.place(used, "la.txt", ("path",))
    step.finish()
    play(sound)
    assert uris() == [str(tmp_path / "mlmeta_payloads" / place("la")), str(tmp_path / "la.txt")]
    assert [e.type for e in mt.lineage("la.txt").upstream().executions] == ["record", "write"]
    assert [e.type for e in mt.lineage(1).downstream().executions] == ["write", "play"]


def test_what_is_returned_through_two_steps_is_one_artifact(kept: SoundPlugin) -> None:
    @mt.step
    def outer() -> Sound:
        return record("la")

    outer()
    assert len(uris()) == 1
    assert kept.saved == ["la"]


def _described(value: object) -> Description:
    described: Description = hooks.call("describe_artifact", value=value)
    return described


# Loading.


@pytest.mark.parametrize("how", ["node", "id", "text", "path"])
def test_load_gives_the_value_back(kept: SoundPlugin, how: str) -> None:
    record("la")
    (artifact,) = artifacts()
    what = {"node": artifact, "id": 1, "text": "artifact:1", "path": artifact.uri}[how]
    loaded = mt.load(what)  # type: ignore[arg-type]
    assert isinstance(loaded, Sound)
    assert loaded.samples == "la"


def test_what_was_loaded_is_the_artifact_that_was_asked_for(kept: SoundPlugin) -> None:
    record("la")
    record("la")
    play(mt.load(1))
    assert [a.id for a in mt.lineage("execution:3").upstream(depth=1).artifacts] == [1]


def test_a_value_made_again_elsewhere_is_found_by_its_content(
    kept: SoundPlugin, store_url: str
) -> None:
    record("la")
    mt.init(store_url, strict=True)  # Knows nothing of what the first one has seen.
    play(Sound("la"))
    assert len(artifacts()) == 1


def test_what_was_in_memory_only_is_said_with_the_way_out(
    plugin: SoundPlugin, store_url: str
) -> None:
    mt.init(store_url, strict=True)
    record("la")
    with pytest.raises(FailedPreconditionError, match=r"artifact:1 \(Sound\) was in memory only.*"):
        mt.load(1)


def test_a_payload_that_is_gone_is_named(kept: SoundPlugin) -> None:
    record("la")
    Path(uris()[0] or "").unlink()
    with pytest.raises(NotFoundError, match=r"artifact:1 \(Sound\) is gone: .*sound.txt"):
        mt.load(1)


def test_a_payload_that_was_changed_is_not_taken_for_the_artifact(kept: SoundPlugin) -> None:
    record("la")
    Path(uris()[0] or "").write_text("no")
    with pytest.raises(FailedPreconditionError, match="holds other content"):
        mt.load(1)


def test_a_payload_that_cannot_be_read_says_why_and_leaves_the_plugin_in_use(
    kept: SoundPlugin,
) -> None:
    record("la")
    Path(uris()[0] or "").write_bytes(b"\xff")
    with pytest.raises(FailedPreconditionError, match=r"cannot be read from .*UnicodeDecodeError"):
        mt.load(1)
    assert "sound" in hooks.names()


def test_a_type_that_no_plugin_loads_is_named(kept: SoundPlugin, tmp_path: Path) -> None:
    (tmp_path / "la.wav").write_text("la")
    with mt.step("Write") as step:
        step.output("la.wav")
    with pytest.raises(InvalidArgumentError, match=r"No installed plugin loads artifact:1 \(Data"):
        mt.load("la.wav")


def test_an_execution_cannot_be_loaded(kept: SoundPlugin) -> None:
    record("la")
    with pytest.raises(InvalidArgumentError, match="execution:1"):
        mt.load("execution:1")


def test_what_the_store_does_not_know_is_named(kept: SoundPlugin) -> None:
    with pytest.raises(NotFoundError, match="no artifact with the id 7"):
        mt.load(7)


# At a URL.


@pytest.fixture
def fsspec() -> Any:
    return pytest.importorskip("fsspec")


def test_payloads_go_to_a_url_and_come_back(
    plugin: SoundPlugin, store_url: str, fsspec: Any, tmp_path: Path
) -> None:
    mt.init(store_url, capture="payload", payloads=f"memory://{tmp_path.name}/kept", strict=True)
    record("la")
    record("la")
    assert plugin.saved == ["la"]
    assert uris() == [f"memory://{tmp_path.name}/kept/{place('la')}"] * 2
    assert fsspec.filesystem("memory").find(f"/{tmp_path.name}") == [
        f"/{tmp_path.name}/kept/{place('la')}"
    ]
    assert mt.load(1).samples == "la"
    assert not (tmp_path / "mlmeta_payloads").exists()


def test_a_file_url_is_a_folder(plugin: SoundPlugin, store_url: str, tmp_path: Path) -> None:
    mt.init(store_url, capture="payload", payloads=(tmp_path / "kept").as_uri(), strict=True)
    record("la")
    assert uris() == [str(tmp_path / "kept" / place("la"))]


def test_a_payload_that_is_gone_from_its_url_is_named(
    plugin: SoundPlugin, store_url: str, fsspec: Any, tmp_path: Path
) -> None:
    mt.init(store_url, capture="payload", payloads=f"memory://{tmp_path.name}", strict=True)
    record("la")
    fsspec.filesystem("memory").rm(f"/{tmp_path.name}", recursive=True)
    with pytest.raises(NotFoundError, match="is gone: there is nothing at memory://"):
        mt.load(1)


def test_a_url_that_nothing_can_write_to_is_refused_where_it_is_said(
    plugin: SoundPlugin, store_url: str, fsspec: Any
) -> None:
    with pytest.raises(SettingsError, match=r"payloads cannot be 'nope://me:\*\*\*@host/kept': "):
        mt.init(store_url, capture="payload", payloads="nope://me:secret@host/kept")


def test_without_fsspec_a_url_is_refused_with_the_way_out(
    plugin: SoundPlugin, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(SettingsError, match="pip install fsspec"):
        mt.init(store_url, capture="payload", payloads="memory://kept")


def test_a_password_in_the_url_is_used_and_never_recorded(
    plugin: SoundPlugin, store_url: str, fsspec: Any, tmp_path: Path
) -> None:
    root = f"memory://me:secret@host/{tmp_path.name}"
    mt.init(store_url, capture="payload", payloads=root, strict=True)
    record("la")
    assert uris() == [f"memory://me:***@host/{tmp_path.name}/{place('la')}"]
    assert fsspec.filesystem("memory").find(f"/me:secret@host/{tmp_path.name}") != []
    assert mt.load(1).samples == "la"


def test_a_file_that_takes_a_password_is_loaded_by_the_url_that_has_it(
    plugin: SoundPlugin, store_url: str, fsspec: Any
) -> None:
    class Sound(mt.Artifact):
        name: str

    url = "memory://me:secret@host/do.txt"
    fsspec.filesystem("memory").pipe("/me:secret@host/do.txt", b"do")
    mt.init(store_url, strict=True)
    with mt.step("listen") as step:
        step.input(url, Sound())
    assert uris() == ["memory://me:***@host/do.txt"]
    assert mt.load(url).samples == "do"
    with pytest.raises(FailedPreconditionError, match="Load it by its whole URL"):
        mt.load(1)
