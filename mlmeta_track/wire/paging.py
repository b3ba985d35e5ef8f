"""Tokens of pages: ML Metadata's own ``ListOperationNextPageToken`` in web-safe base64."""

from __future__ import annotations

import base64

from google.protobuf.message import DecodeError

from mlmeta_track.domain.listing import Position
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.wire import metadata_store_pb2 as pb


def encode_token(position: Position, options: pb.ListOperationOptions) -> str:
    """Return the token by which the next page is asked for.

    Args:
        position: Where the last page ended.
        options: The options it was asked for with.
    """
    token = pb.ListOperationNextPageToken(field_offset=position.field)
    if position.id is not None:
        token.id_offset = position.id
    token.listed_ids.extend(position.listed_ids)
    token.set_options.CopyFrom(options)
    token.set_options.ClearField("next_page_token")
    return base64.urlsafe_b64encode(token.SerializeToString()).decode("ascii").rstrip("=")


def decode_token(text: str, options: pb.ListOperationOptions) -> Position | None:
    """Return where the page of a token begins; None for the first page, which has no token.

    Args:
        text: The token, or the empty text.
        options: The options that the page is asked for with; like ML Metadata, we let the filter
            and the size of pages change on the way, but not the order.

    Raises:
        InvalidArgumentError: It is no token, or one of a list in another order.
    """
    if not text:
        return None
    token = _parse(text)
    if not _same_order(token.set_options, options):
        message = (
            "The next_page_token is that of a list in another order. Ask for all pages of a list"
            " with the same order_by_field."
        )
        raise InvalidArgumentError(message)
    return Position(
        field=token.field_offset,
        id=token.id_offset if token.HasField("id_offset") else None,
        listed_ids=tuple(token.listed_ids),
    )


def _parse(text: str) -> pb.ListOperationNextPageToken:
    # ML Metadata leaves the padding out, and takes tokens with and without it, but with no other.
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    if text not in {bare, padded}:
        raise _no_token(text)
    try:
        serialized = base64.b64decode(padded, altchars=b"-_", validate=True)
        return pb.ListOperationNextPageToken.FromString(serialized)
    except (ValueError, DecodeError) as error:  # binascii.Error is a ValueError
        raise _no_token(text) from error


def _no_token(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"The next_page_token {text!r} is none. Give one that a list returned."
    )


def _same_order(one: pb.ListOperationOptions, other: pb.ListOperationOptions) -> bool:
    left, right = one.order_by_field, other.order_by_field
    return left.field == right.field and left.is_asc == right.is_asc
