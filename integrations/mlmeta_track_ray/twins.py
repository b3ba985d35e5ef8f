"""Twins of remote functions and actor classes, which take a token besides their own arguments.

A remote function is sent to the cluster once and called often, from many places: so the token
cannot be part of it and goes with each call, as an argument that the original does not know.  The
originals stay what they are.
"""

from __future__ import annotations

import copy
import inspect
import threading
import types
import uuid
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from mlmeta_track.tracking.instrument import CONTEXT, carrying, guarded

_TOKEN = inspect.Parameter(CONTEXT, inspect.Parameter.KEYWORD_ONLY, default=None)
_lock = threading.Lock()
# By remote function, and by the metadata of an actor class: the class itself derives from the
# user's, which may compare as it likes.  None is what has no twin, such as a twin.
_twins: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def twin_of_function(function: Any) -> Any:
    """Return the twin of a remote function; None if it has none."""
    return _twin(function, lambda: _new_function(function), lambda twin: twin)


def twin_of_class(actor_class: Any) -> Any:
    """Return the twin of an actor class; None if it has none."""
    return _twin(
        actor_class.__ray_metadata__,
        lambda: _new_class(actor_class),
        lambda twin: twin.__ray_metadata__,
    )


def takes_token(method: Any) -> bool:
    """Tell whether Ray knows the method of an actor's handle as one that takes a token."""
    actor = getattr(method, "_actor", None)
    if actor is None:  # as in older versions
        actor = method._actor_ref()  # noqa: SLF001
    signatures = getattr(actor, "_ray_method_signatures", None) or {}
    signature = signatures.get(method._method_name) or ()  # noqa: SLF001
    return any(parameter.name == CONTEXT for parameter in signature)


def _twin(key: Any, new: Callable[[], Any], key_of: Callable[[Any], Any]) -> Any:
    with _lock:
        if key not in _twins:
            twin = None
            with guarded("take the context to Ray's workers"):
                twin = new()
            _twins[key] = twin
            if twin is not None:
                _twins[key_of(twin)] = None
        return _twins[key]


def _new_function(function: Any) -> Any:
    original = function._function  # noqa: SLF001 - Ray has no other way to it
    if function._is_cross_language or _is_of_ray(original):  # noqa: SLF001
        return None
    twin = copy.copy(function)
    twin.__dict__.pop("remote")  # would call, and keep, the original
    state = {
        "_function": _with_token(original),
        "_function_signature": None,
        "_last_export_cluster_and_job": None,
        "_uuid": uuid.uuid4(),
    }
    twin.__dict__.update(state)
    return twin


def _new_class(actor_class: Any) -> Any:
    from ray._raylet import ActorClassID  # noqa: PLC0415 - it is there when this is called

    original = actor_class.__ray_metadata__
    modified = original.modified_class
    if original.is_cross_language or _is_of_ray(modified.__ray_actor_class__):
        return None
    names = filter(lambda name: _is_carrying(modified, name), dir(modified))
    methods = {name: _with_token(getattr(modified, name)) for name in names}
    same = {name: getattr(modified, name) for name in ("__module__", "__qualname__", "__doc__")}
    derived = types.new_class(
        modified.__name__, (modified,), exec_body=lambda space: space.update(methods | same)
    )
    options = dict(actor_class._default_options)  # noqa: SLF001
    return actor_class._ray_from_modified_class(  # noqa: SLF001
        derived, ActorClassID.from_random(), options
    )


def _is_of_ray(what: Any) -> bool:
    return str(what.__module__).partition(".")[0] == "ray"


def _is_carrying(owner: type, name: str) -> bool:
    """Tell whether a method is called from outside, as a method of an instance."""
    is_special = name.startswith("__") and name.endswith("__") and name != "__init__"
    return not is_special and inspect.isfunction(inspect.getattr_static(owner, name))


def _with_token(function: Any) -> Any:
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    has_rest = bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD
    parameters.insert(len(parameters) - has_rest, _TOKEN)
    taking = carrying(function)
    del taking.__wrapped__  # through which Ray would look for the signature
    taking.__signature__ = signature.replace(parameters=parameters)
    return taking
