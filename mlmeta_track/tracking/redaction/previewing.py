"""What would be left out: told by names and counts, never by values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlmeta_track.domain.nodes import Artifact, Context, Node
from mlmeta_track.tracking.redaction.batches import clean_property
from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.redaction.texts import clean, clean_uri
from mlmeta_track.tracking.redaction.values import clean_value

URI, NAME = "(uri)", "(name)"
"""What is no property of a node."""


def in_environment(environment: Mapping[str, str], rules: Rules) -> list[str]:
    """Return the names of the variables whose values would not be recorded as they are."""
    return sorted(n for n, value in environment.items() if clean_value(n, value, rules) != value)


def in_node(node: Node, rules: Rules) -> Iterator[str]:
    """Yield the names of what a stored node has that would not be recorded so today."""
    if isinstance(node, Artifact) and node.uri and clean_uri(node.uri, rules) != node.uri:
        yield URI
    if isinstance(node, Context) and clean(node.name, rules) != node.name:
        yield NAME
    for properties in (node.properties, node.custom_properties):
        for name, value in properties.items():
            public = clean(name, rules)
            if public != name or clean_property(name, value, rules) != value:
                yield public
