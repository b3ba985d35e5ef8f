from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.tracking import tokens
from mlmeta_track.tracking.tokens import Token, decode, encode

TEXTS = st.none() | st.text()
TOKENS = st.builds(Token, run=TEXTS, experiment=TEXTS, parent=TEXTS, store=TEXTS)


@given(TOKENS)
def test_a_token_comes_back_as_it_was(token: Token) -> None:
    assert decode(encode(token)) == token


@given(TOKENS)
def test_its_text_may_stand_in_environments_and_headers(token: Token) -> None:
    text = encode(token)
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").replace(".", "").isalnum()


@given(TOKENS, st.data())
def test_a_changed_character_is_noticed(token: Token, data: st.DataObject) -> None:
    text = encode(token)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda c: c != text[place]))
    with pytest.raises(InvalidArgumentError, match="context token"):
        decode(text[:place] + other + text[place + 1 :])


@given(TOKENS, st.data())
def test_a_token_that_was_cut_is_noticed(token: Token, data: st.DataObject) -> None:
    text = encode(token)
    with pytest.raises(InvalidArgumentError, match="context token"):
        decode(text[: data.draw(st.integers(0, len(text) - 1))])


@given(st.text())
def test_what_is_no_token_is_not_taken_for_one_nor_repeated(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        decode(text)
    assert len(text) < 12 or text not in str(caught.value)


@pytest.mark.parametrize("value", [None, 3, b"mlmeta1.e30.0"])
def test_what_is_no_text_is_no_token(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="no context token"):
        decode(value)  # type: ignore[arg-type]


def _signed(version: str, content: object) -> str:
    text = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    body = f"{version}.{text}"
    return f"{body}.{tokens._checksum(body)}"


def test_a_token_of_a_newer_version_says_so() -> None:
    with pytest.raises(InvalidArgumentError, match=r"'mlmeta2'.*same version"):
        decode(_signed("mlmeta2", {}))


@pytest.mark.parametrize("content", [[], 1, {"run": 1}, {"unknown": "x"}, None])
def test_content_of_another_form_is_refused(content: object) -> None:
    with pytest.raises(InvalidArgumentError, match="holds what no context token holds"):
        decode(_signed("mlmeta1", content))
