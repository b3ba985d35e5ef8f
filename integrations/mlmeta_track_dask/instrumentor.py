"""What ``autotrack("dask")`` switches on: what is sent to a cluster takes its context along.

The token is an annotation of the tasks.  Functions, keys and graphs stay what they are, and workers
without this package pass it over.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction, token_to_carry
from mlmeta_track_dask.plugin import ANNOTATION


def annotated(wrapped: Any, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a method of a client so that what it sends is annotated with the token."""
    import dask  # noqa: PLC0415 - it is there when this is called

    token = None if ANNOTATION in dask.get_annotations() else token_to_carry()
    if token is None:
        return wrapped(*args, **kwargs)
    with dask.annotate(**{ANNOTATION: token}):
        return wrapped(*args, **kwargs)


def _method(name: str) -> TrackedFunction:
    return TrackedFunction(name=f"Client.{name}", around=annotated)


class DaskInstrumentor(Instrumentor):
    """Takes the context to the workers; what they record is for their own code to say."""

    prefix: ClassVar[str] = "dask"
    module: ClassVar[str] = "distributed"
    distribution: ClassVar[str] = "distributed"
    supported: ClassVar[tuple[str, str]] = ("2024.8", "2028")
    # `dask.compute`, `dask.persist` and the methods of collections come to these as well.
    functions: ClassVar[tuple[TrackedFunction, ...]] = (
        _method("submit"),
        _method("map"),
        _method("compute"),
        _method("persist"),
        _method("get"),
    )
