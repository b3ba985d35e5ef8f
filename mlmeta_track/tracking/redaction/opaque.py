"""Objects that keep a secret to themselves: they are told of, and never opened."""

from __future__ import annotations

_OPENER = "get_secret_value"
_NAMES = frozenset({"SecretStr", "SecretBytes", "SecretString"})
_CLASSES = frozenset({("starlette", "Secret"), ("prefect", "Secret")})


def is_opaque(kind: type) -> bool:
    """Tell whether the objects of a class hold a secret, as pydantic's ``SecretStr`` does.

    The class alone is asked: nothing of an object is called or looked at.
    """
    if hasattr(kind, _OPENER) or kind.__name__ in _NAMES:
        return True
    return (kind.__module__.partition(".")[0], kind.__name__) in _CLASSES
