"""A filter that is printed is read as it was."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mlmeta_track.store.filtering import parse_filter
from mlmeta_track.store.remote.printing import print_filter


def placeless(part: Any) -> Any:
    """Return a tree as plain values, without positions."""
    if isinstance(part, tuple):
        return tuple(map(placeless, part))
    if not dataclasses.is_dataclass(part):
        return part
    names = [field.name for field in dataclasses.fields(part) if field.name != "position"]
    return (type(part), *(placeless(getattr(part, name)) for name in names))


@pytest.mark.parametrize(
    "text",
    [
        "id = 1",
        "id = -1 OR NOT (name = 'x' AND uri IS NULL) AND state != LIVE",
        "NOT NOT id = 1",
        "(id + 1) * -(2 - id) / 3 >= 1e300",
        "id = 1 + 2 * 3 - (4 - 5)",
        "id IN (1, 0x10, 3) AND name NOT IN ('a', 'b')",
        "id BETWEEN 1 AND 2 AND id NOT BETWEEN 1.5 AND .5",
        r"name LIKE 'a%' OR name NOT LIKE '_\\%'",
        "name IS NOT NULL AND (id = 1) IS TRUE AND (id = 2) IS NOT FALSE",
        "events_0.type IN (INPUT, OUTPUT)",
        r"properties.`my prop`.int_value = 1 AND custom_properties.`a\`b\\.c`.string_value = ''",
        r"""name = 'it\'s "so" \\ \n \t é \x01 \u20ac'""",
        r"""name = r'\n' AND uri = "'" """,
        "COALESCE(name, uri, 'x') = UPPER(LOWER(name))",
        "CAST(id AS STRING) = '1' AND CAST(CAST(name AS INT64) AS BOOL) AND CAST(id AS DOUBLE) = 1",
        "CASE WHEN id = 1 THEN true WHEN id = 2 THEN false ELSE NULL END",
        "CASE WHEN id = 1 THEN name END = 'x'",
        "true AND false = (id = 1)",
    ],
)
def test_a_filter_that_is_printed_is_read_as_it_was(text: str) -> None:
    tree = parse_filter(text)
    assert placeless(parse_filter(print_filter(tree))) == placeless(tree)
