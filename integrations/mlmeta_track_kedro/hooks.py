"""What Kedro calls around pipelines, nodes and data sets: a run, its steps and their artifacts."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pluggy

import mlmeta_track as mt
from mlmeta_track.tracking.instrument import guarded, inside, new_step
from mlmeta_track_kedro.datasets import described, is_parameter, parameters

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# Kedro's own marker is made the same way; so loading this does not import Kedro.
hook_impl = pluggy.HookimplMarker("kedro")


@dataclass
class _Open:
    """A node that is being run, or whose outputs are being saved."""

    step: Any
    scope: AbstractContextManager[None]
    catalog: Any
    run_id: str
    waiting: set[str] = field(default_factory=set)


class Hooks:
    """The plugin: one for a process, which may run several sessions, one after the other."""

    def __init__(self) -> None:
        """Know of no run yet."""
        self._lock = threading.Lock()
        self._runs: dict[str, Any] = {}
        self._nodes: dict[str, _Open] = {}

    @hook_impl
    def before_pipeline_run(self, run_params: Mapping[str, Any]) -> None:
        """Begin a run, named after the pipeline and Kedro's own id."""
        with guarded("record the run of a pipeline"):
            names = run_params.get("pipeline_names") or ["__default__"]
            run_id = _run_id(run_params)
            run = mt.run(f"{'+'.join(names)} {run_id}"[:255])
            run.__enter__()
            self._runs[run_id] = run

    @hook_impl
    def after_pipeline_run(self, run_params: Mapping[str, Any]) -> None:
        """End the run."""
        self._end_run(run_params, None)

    @hook_impl
    def on_pipeline_error(self, error: Exception, run_params: Mapping[str, Any]) -> None:
        """End the run, and fail the nodes whose outputs could not be saved."""
        for name in list(self._nodes):
            self._end(name, error)
        self._end_run(run_params, error)

    @hook_impl
    def before_node_run(
        self, node: Any, catalog: Any, inputs: Mapping[str, Any], run_id: str
    ) -> None:
        """Begin a step, with what the node is given."""
        with guarded(f"record the node {node.name!r}"):
            step = new_step(_type_name(node))
            if step is None:
                return
            for name, value in inputs.items():
                if is_parameter(name):
                    step.log_params(parameters(name, value))
                else:
                    found = described(catalog, name, value, str(run_id), is_saved=False)
                    step.use(found.uri or value, (name,), description=found)
            step.start()
            opened = _Open(step, inside(step), catalog, str(run_id), set(node.outputs))
            opened.scope.__enter__()
            self._nodes[node.name] = opened

    @hook_impl
    def after_node_run(self, node: Any, outputs: dict[str, Any]) -> None:
        """Take note that the function has returned; what it made is to be saved yet."""
        opened = self._nodes.get(node.name)
        if opened is None:
            return
        with guarded(f"record the node {node.name!r}"):
            opened.scope.__exit__(None, None, None)
            if inspect.isgeneratorfunction(node.func):
                # Its work is done while Kedro saves what it yields.
                outputs.update(
                    {name: self._watched(node.name, name, items) for name, items in outputs.items()}
                )
            elif not opened.waiting:
                self._end(node.name)

    @hook_impl
    def on_node_error(self, error: Exception, node: Any) -> None:
        """Fail the step."""
        opened = self._nodes.get(node.name)
        if opened is not None:
            opened.scope.__exit__(None, None, None)
        self._end(node.name, error)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Any) -> None:
        """Add what was saved to the step, which ends with the last."""
        opened = self._nodes.get(node.name)
        if opened is not None and not inspect.isgeneratorfunction(node.func):
            self._saved(opened, node.name, dataset_name, data)

    def _watched(self, node: str, name: str, items: Iterator[Any]) -> Iterator[Any]:
        """Yield what a node yields for one data set, each inside its step."""
        opened, last = self._nodes[node], None
        while True:
            try:
                with opened.scope:
                    last = next(items)
            except StopIteration:
                self._saved(opened, node, name, last)
                return
            except Exception as error:
                self._end(node, error)
                raise
            yield last

    def _saved(self, opened: _Open, node: str, name: str, value: Any) -> None:
        with guarded(f"record the data set {name!r}"):
            found = described(opened.catalog, name, value, opened.run_id, is_saved=True)
            opened.step.make(found.uri or value, (name,), found)
        with self._lock:
            opened.waiting.discard(name)
            is_last = not opened.waiting
        if is_last:
            self._end(node)

    def _end(self, node: str, error: Exception | None = None) -> None:
        opened = self._nodes.pop(node, None)
        if opened is not None:
            with guarded(f"record the end of the node {node!r}"):
                opened.step.finish(error)

    def _end_run(self, run_params: Mapping[str, Any], error: Exception | None) -> None:
        run = self._runs.pop(_run_id(run_params), None)
        if run is not None:
            with guarded("record the end of a pipeline"):
                run.__exit__(type(error) if error else None, error, None)


def _run_id(run_params: Mapping[str, Any]) -> str:
    return str(run_params.get("run_id") or run_params.get("session_id"))


def _type_name(node: Any) -> str:
    """Return the name that the node was given, or its function's."""
    given = getattr(node, "_name", None) or getattr(node.func, "__name__", None) or node.name
    return f"{node.namespace}.{given}" if node.namespace else str(given)


hooks = Hooks()
"""The plugin, where the entry point says."""
