"""What ``autotrack("ray")`` switches on: remote calls take their context along."""

from __future__ import annotations

from typing import ClassVar

from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction
from mlmeta_track_ray.calls import call_function, call_method, create_actor


class RayInstrumentor(Instrumentor):
    """Takes the context to tasks and actors; what they record is for their own code to say."""

    prefix: ClassVar[str] = "ray"
    module: ClassVar[str] = "ray"
    distribution: ClassVar[str] = "ray"
    supported: ClassVar[tuple[str, str]] = ("2.40", "3")
    # Where the ways of calling meet: `f.remote()`, `f.options(...).remote()` and so on.
    functions: ClassVar[tuple[TrackedFunction, ...]] = (
        TrackedFunction(
            name="RemoteFunction._remote", module="ray.remote_function", around=call_function
        ),
        TrackedFunction(name="ActorClass._remote", module="ray.actor", around=create_actor),
        TrackedFunction(name="ActorMethod._remote", module="ray.actor", around=call_method),
    )
