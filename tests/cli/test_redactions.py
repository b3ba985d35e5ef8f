"""``mlmeta-track doctor --show-redactions``, as a user starts it."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner, Result

import mlmeta_track as mt
from mlmeta_track.cli.main import main


def show(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "--show-redactions", *arguments])


def record(url: str, *, redact: bool) -> None:
    mt.init(url, redact=redact, strict=True)
    for _ in range(2):
        with mt.step("load") as step:
            step.log_params({"api_key": "hunter2", "config": "password=hunter2", "n": 1})
            step.input("https://me:hunter2@h/x.csv")


def test_variables_are_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, store_url: str) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@h/db")
    monkeypatch.setenv("PWD", "/srv/me")
    result = show("--store", store_url)
    assert result.exit_code == 0, result.output
    assert f" of {len(os.environ)} variables" in result.output
    assert "  WANDB_API_KEY\n" in result.output
    assert "  DATABASE_URL\n" in result.output
    assert "  PWD\n" not in result.output
    assert "hunter2" not in result.output


def test_a_command_line_is_shown_as_it_would_be_recorded(store_url: str) -> None:
    result = show("--store", store_url, "--", "python", "t.py", "--token", "hunter2", "-v")
    assert "Command line: python t.py --token *** -v\n" in result.output


def test_a_stores_url_is_shown_without_its_password() -> None:
    url = "postgresql+psycopg://me:hunter2@127.0.0.1:1/none?connect_timeout=1"
    result = show("--store", url)
    assert "Setting store: postgresql+psycopg://me:***@127.0.0.1:1/none" in result.output
    assert "hunter2" not in result.output
    assert result.exit_code == 2  # it cannot be reached


def test_what_a_store_should_not_have_is_named_and_counted(store_url: str) -> None:
    record(store_url, redact=False)
    result = show("--store", store_url)
    assert result.exit_code == 1
    assert "Stored artifacts: 1 of 1\n  (uri): 1\n" in result.output
    assert "Stored executions: 2 of 2\n  api_key: 2\n  config: 2\n" in result.output
    assert "hunter2" not in result.output


def test_a_store_that_was_recorded_with_redaction_has_nothing(store_url: str) -> None:
    record(store_url, redact=True)
    result = show("--store", store_url)
    assert result.exit_code == 0
    assert "Stored artifacts: 0 of 1\n" in result.output
    assert "Stored executions: 0 of 2\n" in result.output


def test_further_rules_are_told_and_applied(
    monkeypatch: pytest.MonkeyPatch, store_url: str
) -> None:
    record(store_url, redact=True)
    monkeypatch.setenv("MLMETA_TRACK_REDACT", "config")
    result = show("--store", store_url)
    assert "Redaction: on, also config\n" in result.output
    assert "Stored executions: 2 of 2\n  config: 2\n" in result.output


def test_switched_off_it_shows_what_would_be_left_out(
    monkeypatch: pytest.MonkeyPatch, store_url: str
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_REDACT", "off")
    monkeypatch.setenv("MY_PASSWORD", "hunter2")
    result = show("--store", store_url)
    assert "Redaction: off\n" in result.output
    assert "  MY_PASSWORD\n" in result.output


def test_a_command_without_the_option_is_refused() -> None:
    result = CliRunner().invoke(main, ["doctor", "python", "t.py"])
    assert result.exit_code == 2
    assert "unexpected 'python': a command is looked at with --show-redactions only" in (
        result.output
    )


def test_a_rule_that_cannot_be_used_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLMETA_TRACK_REDACT", "/(/")
    result = show()
    assert result.exit_code == 2
    assert result.output.startswith(
        "Error: The environment variable MLMETA_TRACK_REDACT: redact cannot be '/(/': /(/ is no"
    )
    assert result.output.count("\n") == 1
