from __future__ import annotations

import json

import pytest

from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.redaction.values import clean_value

RULES = Rules()


def test_the_name_decides() -> None:
    assert clean_value("api_key", "abc", RULES) == "***"
    assert clean_value("key", "abc", RULES) == "abc"


def test_keys_of_json_decide() -> None:
    text = json.dumps({"db": {"user": "me", "password": "hunter2", "port": 5432}, "n": [1, None]})
    expected = {"db": {"user": "me", "password": "***", "port": 5432}, "n": [1, None]}
    assert json.loads(clean_value("config", text, RULES)) == expected


def test_all_texts_under_the_key_of_a_secret_are_masked() -> None:
    text = json.dumps({"credentials": {"a": "x", "b": ["y", 1, True]}, "tokens": ["the", "cat"]})
    expected = {"credentials": {"a": "***", "b": ["***", 1, True]}, "tokens": ["the", "cat"]}
    assert json.loads(clean_value("config", text, RULES)) == expected


def test_a_list_of_arguments_is_a_command_line() -> None:
    assert clean_value("argv", '["--password", "x", "-v"]', RULES) == '["--password", "***", "-v"]'


def test_keys_that_are_secrets_are_masked_too() -> None:
    secret = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"
    assert clean_value("config", json.dumps({secret: 1}), RULES) == '{"***": 1}'


@pytest.mark.parametrize("text", ['{"b":  1,"a":[ ]}', "[CLS]", '{"n": NaN}', "[" * 10_000])
def test_json_without_secrets_is_kept_as_it_was_written(text: str) -> None:
    assert clean_value("config", text, RULES) == text


def test_json_that_was_cut_is_cleaned_as_text() -> None:
    text = '{"user": "me", "password": "hunter2, and the rest was cu'
    assert clean_value("config", text, RULES) == '{"user": "me", "password": "***'


def test_switched_off_everything_is_kept() -> None:
    assert clean_value("password", "hunter2", Rules(is_on=False)) == "hunter2"
