"""Tokens of pages are ML Metadata's own: those that are written out here came from its wheel."""

from __future__ import annotations

import pytest

from mlmeta_track.domain.listing import Position
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire.paging import decode_token, encode_token

Order = pb.ListOperationOptions.OrderByField


def options(**order: object) -> pb.ListOperationOptions:
    asked = pb.ListOperationOptions(max_result_size=2)
    for name, value in order.items():
        setattr(asked.order_by_field, name, value)
    return asked


CASES = [
    pytest.param(Position(field=2, id=2), options(), "CAIQAhoCCAI", id="default order"),
    pytest.param(
        Position(field=119, id=119),
        options(field=Order.ID, is_asc=False),
        "CHcQdxoICAISBAgDEAA",
        id="descending ids",
    ),
    pytest.param(
        Position(field=1795540025567, id=2),
        options(field=Order.CREATE_TIME, is_asc=True),
        "CAIQ34Ga9KA0GggIAhIECAEQAQ",
        id="create times",
    ),
    pytest.param(
        Position(field=1795540025567, listed_ids=(2, 1)),
        options(field=Order.LAST_UPDATE_TIME, is_asc=True),
        "EN-BmvSgNBoICAISBAgCEAEgAiAB",
        id="update times",
    ),
]


@pytest.mark.parametrize(("position", "asked", "token"), CASES)
def test_token_is_the_one_that_ml_metadata_gives(
    position: Position, asked: pb.ListOperationOptions, token: str
) -> None:
    assert encode_token(position, asked) == token


@pytest.mark.parametrize(("position", "asked", "token"), CASES)
def test_token_is_read_back(position: Position, asked: pb.ListOperationOptions, token: str) -> None:
    assert decode_token(token, asked) == position


def test_token_does_not_hold_the_one_before() -> None:
    asked = options()
    asked.next_page_token = "CAIQAhoCCAI"  # noqa: S105 - a page's

    assert encode_token(Position(field=2, id=2), asked) == "CAIQAhoCCAI"


def test_no_token_begins_the_list() -> None:
    assert decode_token("", options()) is None


def test_padded_token_is_read() -> None:
    assert decode_token("CAIQAhoCCAI=", options()) == Position(field=2, id=2)


def test_filter_and_page_size_may_change_between_pages() -> None:
    asked = pb.ListOperationOptions(max_result_size=9, filter_query="id > 3")

    assert decode_token("CAIQAhoCCAI", asked) == Position(field=2, id=2)


@pytest.mark.parametrize("order", [{"is_asc": False}, {"field": Order.CREATE_TIME}])
def test_token_of_a_list_in_another_order_is_refused(order: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError, match="another order"):
        decode_token("CAIQAhoCCAI", options(**order))


@pytest.mark.parametrize("text", ["*", "aaaa", "CAIQAhoCCAI==", "CAIQAhoCCAIA", "A", "\N{SNOWMAN}"])
def test_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="next_page_token"):
        decode_token(text, options())
