"""How remote calls take a token along."""

from __future__ import annotations

from typing import Any

from mlmeta_track.tracking.instrument import CONTEXT, guarded, token_to_carry
from mlmeta_track_ray.twins import takes_token, twin_of_class, twin_of_function


def call_function(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    """Call the twin of a remote function, with the token."""
    return _call_twin(twin_of_function(instance), wrapped, args, kwargs)


def create_actor(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    """Create an actor of the twin of its class, with the token."""
    return _call_twin(twin_of_class(instance), wrapped, args, kwargs)


def call_method(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    """Call a method of an actor, with the token if it takes one."""
    takes = False
    with guarded("take the context to an actor of Ray's"):
        takes = takes_token(instance)
    token = token_to_carry() if takes else None
    if token is None:
        return wrapped(*args, **kwargs)
    return wrapped(**_with_token(token, args, kwargs))


def _call_twin(twin: Any, wrapped: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    token = None if twin is None else token_to_carry()
    if token is None:
        return wrapped(*args, **kwargs)
    return wrapped.__func__(twin, **_with_token(token, args, kwargs))


def _with_token(token: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments by name, of which the first two are the function's own."""
    named = dict(zip(("args", "kwargs"), args, strict=False)) | kwargs
    return named | {"kwargs": {**(named.get("kwargs") or {}), CONTEXT: token}}
