"""What a plugin says about a Python value that is an artifact."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlmeta_track.domain.nodes import Properties
from mlmeta_track.domain.types import ArtifactType


@dataclass(frozen=True, slots=True)
class Description:
    """A Python value seen as an artifact.

    Args:
        type: Its artifact type.
        uri: Where it lies: an absolute path, or a URI with a scheme; None if only in memory.
        fingerprint: Text that is equal for equal contents, in every process; None if unknown.
        file_fingerprint: The fingerprint of the file that it lies in, where that is not the
            content's own: a proto in memory and the text file that it was written to are one
            artifact.
        properties: Declared properties of the type.
        custom_properties: Further facts worth asking for later.
        size: The size of the content in memory (bytes); None if unknown.  An object that cannot be
            weakly referenced, and tells its size, is recognised when it comes again.
        plain: The value as a plain list, where it is so small that a step takes it as a parameter
            rather than as data; None if it is data in any case.
    """

    type: ArtifactType
    uri: str | None = None
    fingerprint: str | None = None
    properties: Properties = field(default_factory=dict)
    custom_properties: Properties = field(default_factory=dict)
    file_fingerprint: str | None = None
    size: int | None = None
    plain: object = None
