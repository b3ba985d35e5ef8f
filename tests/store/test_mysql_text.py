"""Text in MySQL, as ML Metadata puts it there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.store.sql import mysql_text

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(ANY_TEXT)
def test_any_text_comes_back(text: str) -> None:
    assert text.encode(mysql_text.NAME).decode(mysql_text.NAME) == text


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_is_left_alone(text: str) -> None:
    assert text.encode(mysql_text.NAME) == text.encode("ascii")


@given(ANY_TEXT)
def test_what_is_sent_fits_into_mysql_s_latin1(text: str) -> None:
    bytes_of_latin1 = {*range(0x81), 0x8D, 0x8F, 0x90, 0x9D, *range(0xA0, 0x100)}
    sent = text.encode(mysql_text.NAME).decode()
    rest = [c for c in sent if ord(c) not in bytes_of_latin1 and c != "\x81"]
    assert all(len(c.encode("cp1252")) == 1 for c in rest)


def test_it_is_what_mysql_makes_of_unlabelled_utf_8() -> None:
    assert "Zürich ✓".encode(mysql_text.NAME).decode() == "ZÃ¼rich âœ“"


@pytest.mark.parametrize("text", ["Zürich", "東京 🚕", "“quoted”"])
def test_text_that_others_wrote_is_read_as_it_stands(text: str) -> None:
    assert text.encode().decode(mysql_text.NAME) == text


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        "x\udc80".encode(mysql_text.NAME, "surrogateescape")
