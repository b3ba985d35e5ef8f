"""Finding the rows of a page without looking at more nodes than it takes.

There are two ways to the first twenty nodes that match: to read nodes in the order of the page
until twenty have matched, which is quick where many do, and to look at those alone that an index
finds, which is quick where few do.  Databases guess which it is, and SQLite always guesses that few
do.  So the entries of the indexes are counted first, up to a small number; counting them is cheap.

Where none of the conjuncts is rare, all of them together may still be.  Then a stretch of nodes in
the order of the page has been looked at in vain, and what the rarest of them finds is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select

from mlmeta_track.store.sql.filters.found import Candidates
from mlmeta_track.store.sql.prepared import Prepared, Session

_FEW = 1_000
"""So many candidates are looked at sooner than any other nodes."""

_MANY = 100_000
"""So many are not looked at sooner than all nodes."""

_STRETCH = 5_000
_STRETCH_OF_A_ROW = 50
"""How many nodes are looked at in their order, at least and for each row of a page."""


class Search:
    """Finds the rows of a page, in one of several ways; made once for pages of one shape."""

    def __init__(
        self,
        rows: Select[Any],
        order: Sequence[ColumnElement[Any]],
        candidates: Sequence[Candidates],
        stretch: Select[Any] | None,
    ) -> None:
        """Prepare the statements.

        Args:
            rows: The query for the rows, in order, with the parameter ``page_size`` if limited.
            order: The same order, in terms that no index has.
            candidates: Where indexes find the nodes; all that are wanted are among each of these.
            stretch: The query for those of the rows that are among the first ``stretch`` nodes in
                the order of the page; None if the rows are not limited.
        """
        self._rows = Prepared(rows)
        # In an order that no index has, so that the only way is from the candidates.
        self._sorted = rows.order_by(None).order_by(*order)
        self._candidates = candidates
        self._among: dict[tuple[int, bool], Prepared] = {}
        self._stretch = None if stretch is None else Prepared(stretch)
        self._counts = Prepared(select(*map(_count, candidates))) if candidates else None

    def find(self, session: Session, values: dict[str, Any]) -> tuple[Prepared, Sequence[Any]]:
        """Return the rows, and the statement that found them; ``values`` gets all it was given."""
        rarest = self._rarest(session, values, _FEW)
        if rarest is not None:
            return self._run(self._through(rarest, are_few=True), session, values)
        if self._stretch is not None and self._counts is not None:
            size = values["page_size"]
            values["stretch"] = max(_STRETCH, size * _STRETCH_OF_A_ROW)
            found = self._run(self._stretch, session, values)
            if len(found[1]) >= size:
                return found
        rarest = self._rarest(session, values, _MANY)
        statement = self._rows if rarest is None else self._through(rarest, are_few=False)
        return self._run(statement, session, values)

    @staticmethod
    def _run(
        statement: Prepared, session: Session, values: dict[str, Any]
    ) -> tuple[Prepared, Sequence[Any]]:
        return statement, statement.all(session, **values)

    def _through(self, number: int, *, are_few: bool) -> Prepared:
        """Return the statement that begins with the candidates of that number."""
        found = self._among.get((number, are_few))
        if found is None:
            candidates = self._candidates[number]
            condition = candidates.is_one_of_few if are_few else candidates.is_one
            found = self._among[number, are_few] = Prepared(self._sorted.where(condition))
        return found

    def _rarest(self, session: Session, values: dict[str, Any], most: int) -> int | None:
        """Return the number of the fewest candidates, if they are fewer than that."""
        if self._counts is None:
            return None
        counts = self._counts.first(session, **values, most=most)
        fewest = min(counts)
        return list(counts).index(fewest) if fewest < most else None


def _count(candidates: Candidates) -> Any:
    """Return the number of candidates, counted up to the parameter ``most``."""
    counts = []
    for query in candidates.queries:
        one: ColumnElement[int] = literal_column("1")
        entries = query.with_only_columns(one.label("one"), maintain_column_froms=True)
        some = entries.limit(bindparam("most")).subquery()
        counts.append(select(func.count()).select_from(some).scalar_subquery())
    return reduce(add, counts)
