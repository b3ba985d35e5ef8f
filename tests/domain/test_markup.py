from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.domain.markup import escape, fit, width

SIZE = 12.0


@given(st.text())
def test_escaped_text_stands_in_an_element_and_in_an_attribute(text: str) -> None:
    escaped = escape(text)
    element = ET.fromstring(f'<a b="{escaped}">{escaped}</a>')  # noqa: S314 - our own
    assert len(element) == 0
    assert element.attrib.keys() == {"b"}


def test_what_is_markup_elsewhere_is_text_here() -> None:
    assert escape("<b a='x'>&\"") == "&lt;b a=&#x27;x&#x27;&gt;&amp;&quot;"
    assert escape("a\x00b\ud800") == "a�b�"


def test_what_fits_stays_as_it_is() -> None:
    assert fit("data.csv", 100, SIZE) == "data.csv"


def test_what_is_too_long_loses_its_middle_and_keeps_its_end() -> None:
    cut = fit("predictions-of-the-year-2026-part-00003.csv", 120, SIZE)
    head, _, tail = cut.partition("…")
    assert "predictions".startswith(head)
    assert tail.endswith(".csv")


@given(st.text(max_size=60), st.floats(20, 300))
def test_what_was_cut_takes_no_more_room_than_there_is(text: str, room: float) -> None:
    cut = fit(text, room, SIZE)
    assert width(cut, SIZE) <= room
    assert cut == text or "…" in cut


@pytest.mark.parametrize(("narrow", "wide"), [("ill", "mmm"), ("abc", "ABC"), ("abc", "数据集")])
def test_wide_letters_take_more_room(narrow: str, wide: str) -> None:
    assert width(narrow, SIZE) < width(wide, SIZE)
