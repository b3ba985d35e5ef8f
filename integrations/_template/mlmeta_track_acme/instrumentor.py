"""What ``autotrack("acme")`` switches on: one row a function or method."""

from __future__ import annotations

from typing import ClassVar

from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction


class AcmeInstrumentor(Instrumentor):
    """Records the calls of acme's functions and methods."""

    prefix: ClassVar[str] = "acme"
    module: ClassVar[str] = "acme"
    distribution: ClassVar[str] = "acme"
    supported: ClassVar[tuple[str, str]] = ("1.0", "2.0")
    functions: ClassVar[tuple[TrackedFunction, ...]] = (
        TrackedFunction(name="read_table", loads_from="path", returns="table"),
        TrackedFunction(name="clean", inputs={"table": "table"}, returns="table"),
        TrackedFunction(name="write_table", inputs={"table": "table"}, writes=("table", "path")),
        TrackedFunction(
            name="LineCounter.fit",
            type_name="acme.fit",
            inputs={"table": "table"},
            fills={"self": "counter"},
        ),
    )
