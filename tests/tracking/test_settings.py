from __future__ import annotations

from pathlib import Path

import pytest

from mlmeta_track.errors import SettingsError
from mlmeta_track.tracking.settings import Settings, resolve


def pyproject(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.mlmeta_track]\n{text}\n")


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert resolve({}, tmp_path) == Settings()


def test_pyproject_comes_before_the_default(tmp_path: Path) -> None:
    pyproject(tmp_path, 'store = "sqlite:///p.db"')
    assert resolve({}, tmp_path).store == "sqlite:///p.db"


def test_the_nearest_pyproject_upwards_counts(tmp_path: Path) -> None:
    pyproject(tmp_path, 'experiment = "far"')
    (tmp_path / "a" / "b").mkdir(parents=True)
    pyproject(tmp_path / "a", 'experiment = "near"')
    assert resolve({}, tmp_path / "a" / "b").experiment == "near"


def test_environment_comes_before_pyproject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyproject(tmp_path, 'store = "sqlite:///p.db"')
    monkeypatch.setenv("MLMETA_TRACK_STORE", "sqlite:///e.db")
    assert resolve({}, tmp_path).store == "sqlite:///e.db"


def test_code_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STORE", "sqlite:///e.db")
    assert resolve({"store": "sqlite:///c.db"}, tmp_path).store == "sqlite:///c.db"


def test_none_in_code_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STRICT", "1")
    assert resolve({"strict": None}, tmp_path).strict is True


@pytest.mark.parametrize(
    ("word", "value"), [("1", True), ("YES", True), ("off", False), ("", False)]
)
def test_flags_are_read_from_words(
    word: str, value: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_DISABLED", word)
    assert resolve({}, tmp_path).disabled is value


def test_lists_are_read_from_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLMETA_TRACK_AUTOTRACK", "tfdv, pandas,")
    assert resolve({}, tmp_path).autotrack == ("tfdv", "pandas")


def test_a_bad_value_is_named_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STRICT", "perhaps")
    with pytest.raises(SettingsError, match=r"MLMETA_TRACK_STRICT: strict cannot be 'perhaps'"):
        resolve({}, tmp_path)


def test_an_unknown_setting_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    pyproject(tmp_path, 'stroe = "sqlite://"')
    with pytest.raises(SettingsError, match=r"no setting 'stroe'; there are store, "):
        resolve({}, tmp_path)


def test_a_broken_pyproject_of_somebody_else_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[[[")
    assert resolve({}, tmp_path) == Settings()


def test_a_broken_pyproject_with_settings_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.mlmeta_track\nstore = 'sqlite:///a.db'\n")
    with pytest.raises(
        SettingsError, match=r"pyproject\.toml has settings of ours, but is no TOML"
    ):
        resolve({}, tmp_path)
