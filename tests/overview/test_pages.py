from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.domain.listing import Position
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.overview.pages import decode, encode

NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)


@given(NUMBERS, st.none() | NUMBERS, st.lists(NUMBERS).map(tuple))
def test_a_token_gives_back_its_position(
    field: int, number: int | None, listed: tuple[int, ...]
) -> None:
    position = Position(field=field, id=number, listed_ids=listed)
    assert decode(encode(position)) == position


@given(st.text(min_size=1))
def test_any_other_text_is_refused_or_a_position(text: str) -> None:
    try:
        assert isinstance(decode(text), Position)
    except InvalidArgumentError as error:
        assert "no token of a page" in str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_the_first_page(token: str | None) -> None:
    assert decode(token) is None


def test_numbers_beyond_64_bits_are_refused() -> None:
    import base64

    with pytest.raises(InvalidArgumentError):
        decode(base64.urlsafe_b64encode(f"[{10**30}, 1]".encode()).decode())
