"""The plugin system: what a plugin can do (hookspecs) and how plugins are found (manager)."""

from mlmeta_track.plugins.hookspecs import hookimpl
from mlmeta_track.plugins.manager import Hooks, hooks

__all__ = ["Hooks", "hookimpl", "hooks"]
