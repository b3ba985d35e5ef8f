"""What changed between two schemas, two statistics or two lists of anomalies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from mlmeta_track.domain.comparison import Difference
from mlmeta_track.validation import anomalies, schemas, statistics

_SHOWN = 20
_PLACES = 6  # significant digits, beyond which two computations of the same may differ
RowT = TypeVar("RowT")


def differences(kind: str, a: Any, b: Any) -> tuple[Difference, ...]:
    """Return the differences of two messages of one kind.

    Args:
        kind: The artifacts' type: ``Schema``, ``ExampleStatistics`` or ``ExampleAnomalies``;
            there are none for others.
        a: The one message.
        b: The other.
    """
    find = _BY_TYPE.get(kind)
    return () if find is None else tuple(find(a, b))


def _schemas(a: Any, b: Any) -> Iterator[Difference]:
    rows_a = {row.name: row for row in schemas.table(a)}
    rows_b = {row.name: row for row in schemas.table(b)}
    for name, one, other in _paired(rows_a, rows_b):
        if one is None or other is None:
            yield Difference("schema", name, _presence(one), _presence(other))
            continue
        demands_a, demands_b = schemas.demands(one), schemas.demands(other)
        for demand, value in demands_a.items():
            if demand == "values":
                yield from _values(name, one.values, other.values)
            elif value != demands_b[demand]:
                yield Difference(
                    "schema", f"{name}: {demand}", value or None, demands_b[demand] or None
                )


def _presence(row: schemas.SchemaFeature | None) -> str | None:
    return None if row is None else row.type or "a feature"


def _values(name: str, a: tuple[str, ...], b: tuple[str, ...]) -> Iterator[Difference]:
    gone, new = sorted(set(a) - set(b)), sorted(set(b) - set(a))
    if gone or new:
        yield Difference("schema", f"{name}: values", _listed(gone), _listed(new))


def _listed(values: list[str]) -> str | None:
    if not values:
        return None
    shown = ", ".join(map(repr, values[:_SHOWN]))
    more = len(values) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


_COMPARED = (
    "type",
    "count",
    "missing",
    "mean",
    "std_dev",
    "minimum",
    "median",
    "maximum",
    "zeros",
    "unique",
    "avg_length",
)


def _statistics(a: Any, b: Any) -> Iterator[Difference]:
    tables_a = {table.name: table for table in statistics.tables(a)}
    tables_b = {table.name: table for table in statistics.tables(b)}
    if len(tables_a) == len(tables_b) == 1:
        # Their names may be those of the files; one is compared with the other all the same.
        [one], [other] = tables_a.values(), tables_b.values()
        yield from _tables("", one, other)
        return
    for name, one_table, other_table in _paired(tables_a, tables_b):
        if one_table is None or other_table is None:
            yield Difference("statistics", name, _examples(one_table), _examples(other_table))
        else:
            yield from _tables(f"{name}: ", one_table, other_table)


def _examples(table: statistics.DatasetStatistics | None) -> str | None:
    return None if table is None else f"{table.num_examples} examples"


def _tables(
    prefix: str, a: statistics.DatasetStatistics, b: statistics.DatasetStatistics
) -> Iterator[Difference]:
    if a.num_examples != b.num_examples:
        yield Difference("statistics", f"{prefix}examples", a.num_examples, b.num_examples)
    rows_a = {row.name: row for row in a.features}
    rows_b = {row.name: row for row in b.features}
    for name, one, other in _paired(rows_a, rows_b):
        if one is None or other is None:
            yield Difference(
                "statistics", f"{prefix}{name}", one and one.type, other and other.type
            )
            continue
        for fact in _COMPARED:
            before, after = getattr(one, fact), getattr(other, fact)
            if not _same(before, after):
                yield Difference("statistics", f"{prefix}{name}: {fact}", before, after)


def _same(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=10**-_PLACES)
    return a == b


def _anomalies(a: Any, b: Any) -> Iterator[Difference]:
    rows_a = {row.feature: row for row in anomalies.table(a)}
    rows_b = {row.feature: row for row in anomalies.table(b)}
    for name, one, other in _paired(rows_a, rows_b):
        if one != other:
            yield Difference("anomalies", name, _finding(one), _finding(other))


def _finding(row: anomalies.Anomaly | None) -> str | None:
    return None if row is None else f"{row.severity}: {row.description or row.short_description}"


_BY_TYPE = {
    "Schema": _schemas,
    "ExampleStatistics": _statistics,
    "ExampleAnomalies": _anomalies,
}


def _paired(
    a: Mapping[str, RowT], b: Mapping[str, RowT]
) -> Iterable[tuple[str, RowT | None, RowT | None]]:
    """Yield the rows of the same name, those of ``a`` in their order and then what is new."""
    for name in dict.fromkeys((*a, *b)):
        yield name, a.get(name), b.get(name)
