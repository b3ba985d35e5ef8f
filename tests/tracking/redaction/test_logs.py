from __future__ import annotations

import logging

import pytest

from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.redaction import logs, rules


@pytest.fixture(params=["mlmeta_track", "mlmeta_track.plugins", "mlmeta_track.server.answering"])
def logger(request: pytest.FixtureRequest) -> logging.Logger:
    return logging.getLogger(request.param)


def test_messages_are_cleaned(logger: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    logger.warning("cannot reach %s", "postgresql://me:hunter2@h/db")
    assert caplog.messages == ["cannot reach postgresql://me:***@h/db"]
    assert "hunter2" not in repr([vars(record) for record in caplog.records])


def test_tracebacks_are_cleaned(logger: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    try:
        message = "password='hunter2'"
        raise OSError(message)
    except OSError as error:
        logger.warning("lost", exc_info=error)
    assert "OSError: password='***'" in caplog.text
    assert caplog.records[0].exc_info is None


def test_the_guard_says_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), Guard()("record the step 'api_key=abc'"):
        raise OSError("https://me:hunter2@h/x")
    assert "https://***@h/x" in caplog.text
    assert "hunter2" not in caplog.text
    assert "abc" not in caplog.text


def test_switched_off_messages_are_as_they_were(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_in_force", rules.Rules(is_on=False))
    logging.getLogger("mlmeta_track").warning("password=%s", "hunter2")
    assert caplog.messages == ["password=hunter2"]


def test_a_logger_is_protected_once() -> None:
    logs.protect_ours()
    filters = logging.getLogger("mlmeta_track").filters
    assert len([f for f in filters if isinstance(f, logs.RedactingFilter)]) == 1
