"""The newest look-alike of what a put means, in one query."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    TEXT,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from mlmeta_track.domain.batch import ArtifactPut
from mlmeta_track.domain.nodes import FILE_FINGERPRINT, FINGERPRINT
from mlmeta_track.store.batches.nodes import EncodedProperties, StoredNode
from mlmeta_track.store.batches.resolving import GONE, fingerprints
from mlmeta_track.store.sql.prepared import Prepared, Session, one_of, storage_order
from mlmeta_track.store.sql.rows import ARTIFACT_ROWS
from mlmeta_track.store.sql.schema import ARTIFACT, ARTIFACT_PROPERTY, same_text
from mlmeta_track.store.sql.values import VALUE_COLUMNS


def find_look_alike(
    session: Session, put: ArtifactPut, type_id: int, given: EncodedProperties
) -> StoredNode | None:
    """Return the newest artifact with the same content, at the same place if there is one.

    Without a fingerprint the place alone decides.
    """
    texts = [encoded[2] for encoded in fingerprints(given)]
    if not texts and not put.uri:
        return None
    declared = [(name, value) for (name, is_custom), value in given.items() if not is_custom]
    shape = tuple([next(i for i, v in enumerate(value) if v is not None) for _, value in declared])
    values: dict[str, Any] = {"type_id": type_id, "uri": put.uri}
    values |= {f"fingerprint_{i}": value for i, value in enumerate(texts)}
    for i, (column, (name, value)) in enumerate(zip(shape, declared, strict=True)):
        values |= {f"declared_{i}": name, f"given_{i}": value[column]}
    query = _look_alike(len(texts), shape, at_uri=bool(put.uri))
    (found,) = query.first(session, **values)
    return None if found is None else ARTIFACT_ROWS.by_ids(session, [found])[0]


@lru_cache(maxsize=256)
def _look_alike(n_fingerprints: int, shape: tuple[int, ...], *, at_uri: bool) -> Prepared:
    """Return the query for the id of the look-alike, or NULL.

    Args:
        n_fingerprints: How many fingerprints the put has: 0, 1 or 2.
        shape: The value column of each declared property that the put has.
        at_uri: Whether the put has a URI.
    """
    ways: list[ScalarSelect[Any]] = []
    if at_uri:
        ways.append(_at_uri(n_fingerprints, shape))
    if n_fingerprints:
        ways.append(_anywhere(n_fingerprints, shape))
    return Prepared(select(func.coalesce(*ways) if len(ways) > 1 else ways[0]))


def _at_uri(n_fingerprints: int, shape: tuple[int, ...]) -> ScalarSelect[Any]:
    query = select(ARTIFACT.c.id).where(
        same_text(ARTIFACT.c.uri, bindparam("uri", type_=TEXT)), *_suitable(shape)
    )
    if n_fingerprints:
        # A subquery, not a join: artifacts are read along the index of URIs, newest first.
        fingerprint = ARTIFACT_PROPERTY.c
        has_fingerprint = select(1).where(
            fingerprint.artifact_id == ARTIFACT.c.id,
            fingerprint.name.in_([_text(FINGERPRINT), _text(FILE_FINGERPRINT)]),
            fingerprint.is_custom_property == True,  # noqa: E712 - SQL
            or_(*(_is_fingerprint(f"fingerprint_{i}") for i in range(n_fingerprints))),
        )
        query = query.where(has_fingerprint.exists())
    return query.order_by(ARTIFACT.c.id.desc()).limit(literal_column("1")).scalar_subquery()


def _anywhere(n_fingerprints: int, shape: tuple[int, ...]) -> ScalarSelect[Any]:
    ways = [
        select(_with_fingerprint(name, f"fingerprint_{i}", shape).subquery().c.id)
        for name in (FINGERPRINT, FILE_FINGERPRINT)
        for i in range(n_fingerprints)
    ]
    newest = union_all(*ways).subquery()
    return select(func.max(newest.c.id)).scalar_subquery()


def _with_fingerprint(name: str, value: str, shape: tuple[int, ...]) -> Select[Any]:
    # Newest first by the order in which the fingerprints were written, which the index has;
    # by the artifact's id, all look-alikes there ever were would have to be sorted.
    fingerprint = ARTIFACT_PROPERTY.c
    return (
        select(ARTIFACT.c.id)
        .select_from(ARTIFACT_PROPERTY)
        .join(ARTIFACT, ARTIFACT.c.id == fingerprint.artifact_id)
        .where(
            fingerprint.name == _text(name),
            fingerprint.is_custom_property == True,  # noqa: E712 - SQL
            _is_fingerprint(value),
            *_suitable(shape),
        )
        .order_by(storage_order(ARTIFACT_PROPERTY, otherwise=ARTIFACT.c.id).desc())
        .limit(literal_column("1"))
    )


def _is_fingerprint(parameter: str) -> ColumnElement[bool]:
    return same_text(ARTIFACT_PROPERTY.c.string_value, bindparam(parameter, type_=TEXT))


def _suitable(shape: tuple[int, ...]) -> list[ColumnElement[bool]]:
    """Return the conditions for an artifact of the type, not deleted, that does not contradict."""
    conditions = [
        ARTIFACT.c.type_id == bindparam("type_id"),
        or_(ARTIFACT.c.state.is_(None), ~one_of(ARTIFACT.c.state, GONE)),
    ]
    if shape:
        other = ARTIFACT_PROPERTY.alias("other")
        differs = (
            and_(
                other.c.name == bindparam(f"declared_{i}"),
                other.c[VALUE_COLUMNS[column]] != bindparam(f"given_{i}"),
            )
            for i, column in enumerate(shape)
        )
        contradiction = select(1).where(
            other.c.artifact_id == ARTIFACT.c.id,
            other.c.is_custom_property == False,  # noqa: E712 - SQL
            or_(*differs),
        )
        conditions.append(~contradiction.exists())
    return conditions


def _text(constant: str) -> ColumnElement[str]:
    return literal_column(f"'{constant}'")
