"""What is cut never keeps the half of a secret, which nobody could tell as one any more."""

from __future__ import annotations

import pytest

import mlmeta_track as mt
from mlmeta_track.tracking.capture import LONGEST_NAME, LONGEST_TEXT, cut, key, parameter
from mlmeta_track.tracking.failures import LONGEST_TRACEBACK, facts
from mlmeta_track.tracking.redaction import rules

BODY = "Zq7Lw9Xk2Vb4Nm8Rt3YpHc6Sd1Fg5Jj0"
SECRETS = [
    "ghp_" + f"{BODY}abcd",
    f"postgresql://me:{BODY}@h/db",
    f"password='{BODY}'",
    "-----BEGIN PRIVATE KEY-----\n" + f"{BODY}\n" * 80 + "-----END PRIVATE KEY-----",
    f"https://h/x?X-Amz-Signature={BODY}",
]
OFFSETS = range(-60, 10, 3)


def has_part(text: str) -> bool:
    """Whether a text has eight characters of the secret in a row."""
    return any(BODY[i : i + 8] in text for i in range(len(BODY) - 7))


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:8])
def test_at_the_end_of_a_text(secret: str) -> None:
    for offset in OFFSETS:
        whole = " " * (LONGEST_TEXT + offset) + secret + " and so on" * 2_000
        found = cut(whole)
        assert len(found) <= LONGEST_TEXT
        assert not has_part(found), offset


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:8])
def test_at_the_end_of_a_name(secret: str) -> None:
    for offset in OFFSETS:
        found = key("x" * (LONGEST_NAME + offset) + " " + secret + " and so on" * 20)
        assert len(found) <= LONGEST_NAME
        assert not has_part(found), offset


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:8])
def test_at_the_end_of_a_list(secret: str) -> None:
    for offset in OFFSETS:
        found = parameter([" " * (LONGEST_TEXT + offset), secret, *["and so on"] * 2_000])
        assert isinstance(found, str)
        assert len(found) <= LONGEST_TEXT
        assert not has_part(found), offset


def test_in_a_dict_that_is_cut_the_keys_decide_all_the_same() -> None:
    credentials = {"user": "me", "all": [BODY, {"deeper": BODY}]}
    found = str(parameter({"credentials": credentials, "rest": "x" * 10_000}))
    assert found.startswith('{"credentials": {***}')
    assert not has_part(found)


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:8])
def test_at_the_beginning_of_a_traceback(secret: str) -> None:
    for offset in range(-600, 3_000, 40):
        after = " and so on".ljust(LONGEST_TRACEBACK + offset - 200, "x")
        error = ValueError("before " * 2_000 + secret + after)
        found = str(facts(error)["mlmeta_traceback"])
        assert len(found) <= LONGEST_TRACEBACK
        assert not has_part(found), offset


def test_many_secrets_before_the_cut_do_not_draw_the_half_of_one_in() -> None:
    many = f"password='{BODY}' " * 60
    found = cut((many + " " * 5_000 + "ghp_" + BODY + "abcd ") * 3)
    assert not has_part(found)


def test_switched_off_nothing_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_in_force", rules.Rules(is_on=False))
    assert has_part(cut("ghp_" + f"{BODY}abcd" + " " * 10_000))


def test_the_name_of_a_run_is_clean_before_others_are_told_of_it() -> None:
    assert mt.run("release ghp_" + f"{BODY}abcd").name == "release ***"
    assert mt.experiment(f"password={BODY}").name == "password=***"
