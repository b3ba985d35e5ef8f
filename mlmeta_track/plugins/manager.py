"""How plugins are found, loaded when first needed, called, and left out when they are broken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from types import FrameType, FunctionType, ModuleType
from typing import Any

import pluggy

from mlmeta_track.plugins.discovery import entry_points
from mlmeta_track.plugins.hookspecs import PROJECT, SPECS

ENTRY_POINT_GROUP = PROJECT
_MARK = f"{PROJECT}_impl"  # which `hookimpl` leaves on a function

_logger = logging.getLogger("mlmeta_track.plugins")


class _Manager(pluggy.PluginManager):
    """pluggy's, but quicker with modules, most of whose names are no hooks."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        if type(plugin) is ModuleType:
            value = vars(plugin).get(name)
            # What else could be one, such as a bound method, is looked at as pluggy does.
            if not callable(value) or (type(value) is FunctionType and not hasattr(value, _MARK)):
                return None
        return super().parse_hookimpl_opts(plugin, name)


class Hooks:
    """The plugins that are installed, loaded at the first call of a hook.

    A plugin that cannot be loaded, or whose hook raises, is named once in a warning and left out
    from then on; the others go on working.
    """

    def __init__(self) -> None:
        """Know the hooks; load nothing yet."""
        self._manager = _Manager(PROJECT)
        for spec in SPECS:
            self._manager.add_hookspecs(spec)
        self._lock = threading.RLock()
        self._loaded = False
        self._loading = False
        self._only: frozenset[str] | None = None
        self.left_out: dict[str, str] = {}
        """Why plugins were left out, by name."""

    def restrict(self, names: Iterable[str] | None) -> None:
        """Load only the installed plugins of these names; None loads all."""
        with self._lock:
            self._only = None if names is None else frozenset(names)
            if self._loaded:
                self._unload_unwanted()
                self._load()

    def register(self, plugin: object, name: str | None = None) -> None:
        """Add a plugin that is not installed, such as one defined in a test or a script."""
        self._register(plugin, name)

    def unregister(self, plugin: object | None = None, name: str | None = None) -> None:
        """Remove a plugin that was added with ``register``."""
        self._manager.unregister(plugin, name)

    def names(self) -> list[str]:
        """Return the names of the plugins in use."""
        self._ensure_loaded()
        return sorted(name for name, plugin in self._manager.list_name_plugin() if plugin)

    def hooks_of(self, name: str) -> list[str]:
        """Return the hooks that a plugin in use implements."""
        self._ensure_loaded()
        plugin = self._manager.get_plugin(name)
        callers = self._manager.get_hookcallers(plugin) if plugin is not None else None
        return sorted(caller.name for caller in callers or ())

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call a hook in every plugin and return what pluggy makes of the answers."""
        self._ensure_loaded()
        while True:
            caller = getattr(self._manager.hook, hook)
            if not caller.get_hookimpls():
                return None if caller.spec.opts["firstresult"] else []
            try:
                return caller(**arguments)
            except Exception as error:
                culprit = self._culprit(hook, error)
                if culprit is None:
                    raise
                self._leave_out(culprit, error, f"its hook {hook} raised")

    def ask(self, hook: str, **arguments: Any) -> Any:
        """Call a hook and let through what a plugin raises: about a file or a disk, not itself."""
        self._ensure_loaded()
        return getattr(self._manager.hook, hook)(**arguments)

    def _ensure_loaded(self) -> None:
        if not self._loaded:
            with self._lock:
                self._load_once()

    def _load_once(self) -> None:
        # A plugin may call a hook while it is being loaded.
        if not self._loaded and not self._loading:
            self._load()

    def _load(self) -> None:
        self._loading = True
        try:
            for entry_point in _installed():
                name = entry_point.name
                known = self._manager.has_plugin(name) or self._manager.is_blocked(name)
                if self._is_wanted(name) and not known:
                    self._load_one(entry_point)
        finally:
            self._loading = False
        self._loaded = True

    def _load_one(self, entry_point: EntryPoint) -> None:
        try:
            self._register(entry_point.load(), entry_point.name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it may fail in any way
            self._leave_out(entry_point.name, error, "it could not be loaded")

    def _register(self, plugin: object, name: str | None) -> None:
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except pluggy.PluginValidationError:
            # By then some of its hooks may be in use.
            if self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
            raise

    def _unload_unwanted(self) -> None:
        for name in {entry_point.name for entry_point in _installed()}:
            if not self._is_wanted(name) and self._manager.has_plugin(name):
                self._manager.unregister(name=name)

    def _is_wanted(self, name: str) -> bool:
        return self._only is None or name in self._only

    def _culprit(self, hook: str, error: BaseException) -> str | None:
        """Return the name of the plugin whose function is in the error's traceback."""
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        for frame in _frames(error):
            for implementation in implementations:
                if _is_call_of(implementation.function, frame):
                    return str(implementation.plugin_name)
        return None

    def _leave_out(self, name: str, error: BaseException, what: str) -> None:
        with self._lock:
            if self._manager.is_blocked(name):
                return
            self._manager.set_blocked(name)  # unregisters it as well
            self.left_out[name] = f"{what}: {type(error).__name__}: {error}"
        _logger.warning(
            "The plugin %r is left out from now on: %s: %s: %s. Mend or uninstall it; to keep it"
            " from being loaded, list the wanted plugins in MLMETA_TRACK_LOAD_PLUGINS.",
            name,
            what,
            type(error).__name__,
            error,
        )


def _installed() -> Iterable[EntryPoint]:
    try:
        return entry_points(group=ENTRY_POINT_GROUP)
    except Exception as error:  # noqa: BLE001 - one distribution with broken metadata is enough
        _logger.warning(
            "No plugin is in use: what is installed cannot be read: %s: %s.",
            type(error).__name__,
            error,
        )
        return ()


def _is_call_of(function: Any, frame: FrameType) -> bool:
    code = getattr(function, "__code__", None)
    if frame.f_code is not code:
        return False
    # Several plugins may be objects of one class.
    owner = getattr(function, "__self__", None)
    return owner is None or frame.f_locals.get(code.co_varnames[0]) is owner


def _frames(error: BaseException) -> Iterator[FrameType]:
    traceback = error.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


hooks = Hooks()
"""The plugins of this process."""
