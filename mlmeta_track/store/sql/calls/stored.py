"""A node as it stands in the store, whole: what an update is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import bindparam, null, select

from mlmeta_track.domain.nodes import Artifact, Node
from mlmeta_track.domain.writes import NodeWrite
from mlmeta_track.store.batches.nodes import StoredNode
from mlmeta_track.store.sql.prepared import Prepared, Session
from mlmeta_track.store.sql.rows import NodeRows
from mlmeta_track.store.sql.schema import ARTIFACT, TYPE, NodeTables, tables_of

Fields: TypeAlias = Mapping[str, Any]
"""The columns of a node's row that a caller gives, by MLMD's names of the fields."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A node with its properties, its type's name, and the columns of its row."""

    node: StoredNode
    type: str
    fields: Fields
    last_update_time: int

    def differs_from(self, given: NodeWrite) -> bool:
        """Say whether anything but properties differs.

        ML Metadata compares the whole node, also what it never writes and what is not in the mask:
        a node that is given without the type's name or its own counts as changed.
        """
        if given.has_system_metadata or given.type != self.type:
            return True
        return any(getattr(given, name) != value for name, value in self.fields.items())


@cache
def _query(tables: NodeTables) -> Prepared:
    nodes = tables.nodes
    return Prepared(
        select(
            nodes.c.name,
            TYPE.c.name.label("type_name"),
            nodes.c.last_update_time_since_epoch,
            (nodes.c.uri if nodes is ARTIFACT else null()).label("uri"),
        )
        .outerjoin_from(nodes, TYPE, TYPE.c.id == nodes.c.type_id)
        .where(nodes.c.id == bindparam("wanted"))
    )


def find_row(session: Session, rows: NodeRows, kind: type[Node], node_id: int) -> StoredRow | None:
    """Return the node of that kind and id, or None."""
    tables = tables_of(kind)
    found = _query(tables).first(session, wanted=node_id)
    if found is None:
        return None
    name, type_name, last_update_time, uri = found
    [node] = rows.by_ids(session, [node_id])
    fields = {"name": name, "external_id": node.external_id}
    if tables.state is not None:
        fields[tables.state.name] = node.state
    if kind is Artifact:
        fields["uri"] = uri
    return StoredRow(node, type_name or "", fields, last_update_time)
