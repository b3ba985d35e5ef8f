"""Which artifact a put means: the one of that external id, a look-alike, or none yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
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
from mlmeta_track.domain.nodes import FILE_FINGERPRINT, FINGERPRINT, ArtifactState
from mlmeta_track.store.sql.prepared import Prepared, Session, one_of, storage_order
from mlmeta_track.store.sql.rows import ARTIFACT_ROWS, EncodedProperties, PropertyKey, StoredNode
from mlmeta_track.store.sql.schema import ARTIFACT, ARTIFACT_PROPERTY, same_text
from mlmeta_track.store.sql.values import VALUE_COLUMNS, Encoded

_CONTENT: PropertyKey = (FINGERPRINT, True)
_FILE: PropertyKey = (FILE_FINGERPRINT, True)
_GONE = (ArtifactState.MARKED_FOR_DELETION, ArtifactState.DELETED, ArtifactState.ABANDONED)
_LONGEST_EXTERNAL_ID = 255


def contradicts(stored: StoredNode, given: EncodedProperties) -> bool:
    """Say whether a stored artifact has another value for a declared property that is given."""
    return any(
        not is_custom and stored.properties.get((name, is_custom), value) != value
        for (name, is_custom), value in given.items()
    )


def other_external_id(put: ArtifactPut, given: EncodedProperties) -> str:
    """Return the external id for an artifact whose own is taken by one with other properties.

    It is the same in every process, so that they meet in one artifact here too.
    """
    declared = sorted((name, value) for (name, is_custom), value in given.items() if not is_custom)
    digest = hashlib.sha256(repr((put.type.name, declared)).encode()).hexdigest()[:16]
    return f"{put.external_id[: _LONGEST_EXTERNAL_ID - 17]}#{digest}"


def lacking(stored: StoredNode, given: EncodedProperties) -> EncodedProperties:
    """Return those of the given properties that a stored artifact is to get."""
    found = {key: value for key, value in given.items() if key not in stored.properties}
    stored_content = stored.properties.get(_CONTENT)
    if _FILE in found and _CONTENT in given and stored_content == found[_FILE]:
        # It was known by its file alone; now its content has been seen too.
        found[_CONTENT] = given[_CONTENT]
    return found


def find_linked(
    linked: Iterable[StoredNode], put: ArtifactPut, type_id: int, given: EncodedProperties
) -> StoredNode | None:
    """Return the artifact, among those the execution is linked with already, that a put means.

    It comes before all others, so that a batch that is put again cannot link a newer look-alike.
    Of equals the one that was linked first is meant, as it was when the batch was new.
    """
    same = [
        node
        for node in linked
        if node.type_id == type_id and _is_same(node, put, given) and not contradicts(node, given)
    ]
    return max(
        same,
        key=lambda node: (node.external_id == put.external_id, node.uri == put.uri),
        default=None,
    )


def _is_same(node: StoredNode, put: ArtifactPut, given: EncodedProperties) -> bool:
    if node.external_id == put.external_id:
        return True
    wanted = _fingerprints(given)
    if wanted:
        return not wanted.isdisjoint(_fingerprints(node.properties))
    return bool(put.uri) and node.uri == put.uri


def _fingerprints(properties: EncodedProperties) -> set[Encoded]:
    return {properties[key] for key in (_CONTENT, _FILE) if key in properties}


def find_look_alike(
    session: Session, put: ArtifactPut, type_id: int, given: EncodedProperties
) -> StoredNode | None:
    """Return the newest artifact with the same content, at the same place if there is one.

    Without a fingerprint the place alone decides.
    """
    fingerprints = [encoded[2] for encoded in _fingerprints(given)]
    if not fingerprints and not put.uri:
        return None
    declared = [(name, value) for (name, is_custom), value in given.items() if not is_custom]
    shape = tuple([next(i for i, v in enumerate(value) if v is not None) for _, value in declared])
    values: dict[str, Any] = {"type_id": type_id, "uri": put.uri}
    values |= {f"fingerprint_{i}": value for i, value in enumerate(fingerprints)}
    for i, (column, (name, value)) in enumerate(zip(shape, declared, strict=True)):
        values |= {f"declared_{i}": name, f"given_{i}": value[column]}
    query = _look_alike(len(fingerprints), shape, at_uri=bool(put.uri))
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
        or_(ARTIFACT.c.state.is_(None), ~one_of(ARTIFACT.c.state, _GONE)),
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
