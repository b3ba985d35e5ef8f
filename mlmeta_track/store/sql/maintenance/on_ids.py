"""Statements about the rows of many ids, which stand in the text as numbers.

As parameters they would be too many for some databases, and a table of them would have to be made
first, which takes a right that not every user has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Column, ColumnElement, literal_column

from mlmeta_track.store.sql.prepared import Prepared, Session

_MARK = "__ids__"
_MOST = 2_000


def ids_in(column: Column[Any]) -> ColumnElement[bool]:
    """Return the condition that a column is one of the ids that an ``OnIds`` is run on."""
    return column.in_([literal_column(_MARK)])


class OnIds(Prepared):
    """A statement that has the condition ``ids_in``, and is run on any number of ids."""

    def rows(self, session: Session, ids: Iterable[int], **values: Any) -> list[Any]:
        """Return the rows of a SELECT."""
        return list(chain.from_iterable(self._each(session, ids, values, fetch=True)))

    def change(self, session: Session, ids: Iterable[int], **values: Any) -> int:
        """Run a DELETE or an UPDATE, and return how many rows it changed."""
        return sum(chain.from_iterable(self._each(session, ids, values, fetch=False)))

    def _each(
        self, session: Session, ids: Iterable[int], values: dict[str, Any], *, fetch: bool
    ) -> Iterable[Sequence[Any]]:
        text, parameters, _ = self._compiled.get(session.dialect.name) or self._compile(session)
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), _MOST):
            numbers = ", ".join(str(int(one)) for one in wanted[start : start + _MOST])
            session.cursor.execute(text.replace(_MARK, numbers), parameters(values))
            yield session.cursor.fetchall() if fetch else (session.cursor.rowcount,)
