"""Field masks: which part of a node an update is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.domain.writes import NodeWrite
from mlmeta_track.store.batches.nodes import EncodedProperties
from mlmeta_track.store.sql.calls.stored import Fields

_MAPS = {False: "properties", True: "custom_properties"}


class Mask:
    """The paths of a field mask; without any, all of a node is replaced."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        """Read the paths: fields, ``properties``, ``properties.x``, and so for the custom ones."""
        self._paths = frozenset(paths)

    def fields(self, stored: Fields, given: Fields, updated: tuple[str, ...]) -> dict[str, Any]:
        """Return what the fields are to be: those in the mask as given, the others as stored."""
        taken = [name for name in updated if not self._paths or name in self._paths]
        return {**stored, **{name: given[name] for name in taken}}

    def only_masked(self, node: NodeWrite) -> NodeWrite:
        """Return the node with those of its properties that the mask is about."""
        if not self._paths:
            return node
        return dataclasses.replace(
            node,
            properties=self._masked(node.properties, is_custom=False),
            custom_properties=self._masked(node.custom_properties, is_custom=True),
        )

    def _masked(
        self, properties: Mapping[str, PropertyValue], *, is_custom: bool
    ) -> dict[str, PropertyValue]:
        return {n: v for n, v in properties.items() if self._has_property(n, is_custom=is_custom)}

    def _has_property(self, name: str, *, is_custom: bool) -> bool:
        all_of_them = _MAPS[is_custom]
        return (
            not self._paths or all_of_them in self._paths or f"{all_of_them}.{name}" in self._paths
        )

    def replaced(self, stored: EncodedProperties, given: EncodedProperties) -> EncodedProperties:
        """Return what the properties are to be: the given ones, and those outside the mask."""
        kept = {
            (name, is_custom): value
            for (name, is_custom), value in stored.items()
            if not self._has_property(name, is_custom=is_custom)
        }
        return {**kept, **given}
