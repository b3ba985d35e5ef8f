"""The JSON API: one function a path, all of them reading only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse

import mlmeta_track
from mlmeta_track.domain.lineage import Direction
from mlmeta_track.domain.listing import ListQuery, OrderBy
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import (
    EXPERIMENT,
    RUN,
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
)
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.overview import details, listing
from mlmeta_track.overview.pages import Listed
from mlmeta_track.overview.plain import plain
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.comparing import compare_in
from mlmeta_track.tracking.finding import find_anything, find_node
from mlmeta_track.tracking.payloads import Fetching
from mlmeta_track.ui import contents, graphs, parameters

NodeT = TypeVar("NodeT", Artifact, Execution, Context)

DEEPEST = 50
MOST_CHANGES = 200


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """Which store is shown, and by which version of this library."""

    url: str
    version: str


@dataclass(frozen=True, slots=True)
class TypeNames:
    """A type and the names of its declared properties."""

    type: str
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The types of each kind of node, for whoever writes a filter."""

    artifacts: tuple[TypeNames, ...]
    steps: tuple[TypeNames, ...]
    contexts: tuple[TypeNames, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Which node a text names: ``kind`` is artifact, step, run or context."""

    kind: str
    id: int
    type: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Steps that changed, the latest last; ``newest`` (ms) is where to go on."""

    steps: tuple[listing.StepRow, ...]
    newest: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answers are made from."""

    store: Store
    payloads: Fetching


def get_store(_: Request, asked: Asked) -> StoreFacts:
    """Tell which store is shown, and by which version."""
    return StoreFacts(asked.store.url, mlmeta_track.__version__)


def get_names(_: Request, asked: Asked) -> Names:
    """Tell the types and their properties, for whoever writes a filter."""
    store = asked.store
    return Names(
        artifacts=_type_names(store.get_types(ArtifactType)),
        steps=_type_names(store.get_types(ExecutionType)),
        contexts=_type_names(store.get_types(ContextType)),
    )


def _type_names(found: Sequence[NodeType]) -> tuple[TypeNames, ...]:
    return tuple(TypeNames(one.name, tuple(sorted(one.properties))) for one in found)


def list_experiments(request: Request, asked: Asked) -> Listed[listing.ContextRow]:
    """List experiments."""
    return listing.experiments(asked.store, parameters.wanted(request))


def list_runs(request: Request, asked: Asked) -> Listed[listing.RunRow]:
    """List runs, of one experiment if it is given."""
    experiment = request.query_params.get("experiment")
    number = None if not experiment else parameters.number(request, "experiment", 0, 0, _MOST)
    return listing.runs(asked.store, parameters.wanted(request), experiment_id=number)


def list_steps(request: Request, asked: Asked) -> Listed[listing.StepRow]:
    """List steps, of one context if it is given."""
    return listing.steps(asked.store, parameters.wanted(request, context_id=_context(request)))


def list_artifacts(request: Request, asked: Asked) -> Listed[listing.ArtifactRow]:
    """List artifacts, of one context if it is given."""
    return listing.artifacts(asked.store, parameters.wanted(request, context_id=_context(request)))


def list_contexts(request: Request, asked: Asked) -> Listed[listing.ContextRow]:
    """List contexts of every type."""
    return listing.contexts(asked.store, parameters.wanted(request))


def get_experiment(request: Request, asked: Asked) -> details.ContextDetails:
    """Return an experiment."""
    return details.context_details(asked.store, _typed_context(request, asked, EXPERIMENT.name))


def get_run(request: Request, asked: Asked) -> details.RunDetails:
    """Return a run with its steps."""
    return details.run_details(asked.store, _typed_context(request, asked, RUN.name))


def get_context(request: Request, asked: Asked) -> details.ContextDetails:
    """Return a context of any type."""
    return details.context_details(asked.store, _node(request, asked, Context))


def get_step(request: Request, asked: Asked) -> details.StepDetails:
    """Return a step with what it used and made."""
    return details.step_details(asked.store, _node(request, asked, Execution))


def get_artifact(request: Request, asked: Asked) -> details.ArtifactDetails:
    """Return an artifact with the steps that made and used it."""
    return details.artifact_details(asked.store, _node(request, asked, Artifact))


def get_contents(request: Request, asked: Asked) -> contents.Contents:
    """Return the tables inside an artifact."""
    return contents.contents_of(_node(request, asked, Artifact), asked.payloads)


def get_lineage(request: Request, asked: Asked) -> graphs.DrawnGraph:
    """Return the graph around a node."""
    node = find_node(asked.store, _named(parameters.text(request, "node")))
    directions = ("both", *(direction.value for direction in Direction))
    direction = parameters.choice(request, "direction", directions, "both")
    depth = parameters.number(request, "depth", 1, 1, DEEPEST)
    return graphs.around(asked.store, node, direction, depth)


def get_comparison(request: Request, asked: Asked) -> dict[str, object]:
    """Return what differs between two nodes."""
    a, b = (_named(parameters.text(request, name)) for name in ("a", "b"))
    told, more = compare_in(asked.store, a, b, asked.payloads).shortened(details.MOST)
    return {**told.to_dict(), "more": more}


def find(request: Request, asked: Asked) -> Found:
    """Return which node a text names: an id, a path or URI, or the name of a run."""
    # Whoever asks a page may name any path, and the answer must not depend on what is there.
    found = find_anything(asked.store, parameters.text(request, "what"), by_content=False)
    kind = "run" if isinstance(found, Context) and details.is_run(found) else _kind(found)
    return Found(kind, found.id, found.type)


def get_changes(request: Request, asked: Asked) -> Changes:
    """Return the steps that changed at or after a time (ms), the latest last."""
    since = parameters.number(request, "since", 0, 0, _MOST)
    query = ListQuery(
        limit=MOST_CHANGES,
        order_by=OrderBy.UPDATE_TIME,
        ascending=False,
        context_id=_context(request),
    )
    rows = [listing.step_row(step) for step in asked.store.list_page(Execution, query).nodes]
    newest = max((row.updated for row in rows), default=since)
    return Changes(tuple(row for row in reversed(rows) if row.updated >= since), newest)


Answer = Callable[[Request, Asked], object]

_MOST = parameters.LARGEST_ID
_DIGITS = 18  # as many as a node's name may have, and fewer than a larger id would need


def answered(answer: Answer, asked: Asked) -> Callable[[Request], JSONResponse]:
    """Return the endpoint that answers with JSON; starlette runs it in a thread of its own."""

    def endpoint(request: Request) -> JSONResponse:
        return JSONResponse(plain(answer(request, asked)))

    return endpoint


def _kind(node: Artifact | Execution | Context) -> str:
    return {Artifact: "artifact", Execution: "step", Context: "context"}[type(node)]


def _named(what: str) -> str:
    """Return a node's name as it is searched for: a page names nodes by kind and id only."""
    kind, separator, number = what.partition(":")
    if not separator or kind not in _KINDS or not number.isascii() or not number.isdecimal():
        message = f"{what[:60]!r} is no node. Give artifact:3, execution:3, run:3 or context:3."
        raise InvalidArgumentError(message)
    if len(number) > _DIGITS:
        message = f"There is no {kind} with the id {number[:40]}."
        raise NotFoundError(message)
    return f"{_KINDS[kind]}:{int(number)}"


_KINDS = {
    "artifact": "artifact",
    "execution": "execution",
    "step": "execution",
    "run": "run",
    "context": "context",
}


def _context(request: Request) -> int | None:
    if not request.query_params.get("context"):
        return None
    return parameters.number(request, "context", 0, 0, _MOST)


def _node(request: Request, asked: Asked, kind: type[NodeT]) -> NodeT:
    number = parameters.node_id(request)
    found = asked.store.get_by_id(kind, [number])
    if not found:
        message = f"The store has no {kind.__name__.lower()} with the id {number}."
        raise NotFoundError(message)
    return found[0]


def _typed_context(request: Request, asked: Asked, type_name: str) -> Context:
    found = _node(request, asked, Context)
    if found.type != type_name:
        message = f"The context {found.id} is a {found.type}, no {type_name}."
        raise NotFoundError(message)
    return found


@dataclass(frozen=True, slots=True)
class Route:
    """A path below ``/api/v1``: who answers, and the schemas of its parameters.

    A parameter whose name ends with ``!`` must be given.
    """

    path: str
    answer: Answer
    parameters: dict[str, Any]


def routes() -> tuple[Route, ...]:
    """Return all paths of the API."""
    page = {
        "filter": {"type": "string", "maxLength": parameters.LONGEST_FILTER},
        "limit": {"type": "integer", "minimum": 1, "maximum": parameters.MOST_ROWS},
        "token": {"type": "string"},
        "order": {"type": "string", "enum": ["newest", "oldest"]},
    }
    whole = {"type": "integer", "minimum": 0, "maximum": _MOST}
    word = {"type": "string", "minLength": 1}
    node = {"type": "string", "pattern": f"^({'|'.join(_KINDS)}):[0-9]{{1,18}}$"}
    around = {
        "node!": node,
        "direction": {"type": "string", "enum": ["both", "upstream", "downstream"]},
        "depth": {"type": "integer", "minimum": 1, "maximum": DEEPEST},
    }
    return (
        Route("/store", get_store, {}),
        Route("/names", get_names, {}),
        Route("/experiments", list_experiments, page),
        Route("/experiments/{id}", get_experiment, {}),
        Route("/runs", list_runs, {**page, "experiment": whole}),
        Route("/runs/{id}", get_run, {}),
        Route("/steps", list_steps, {**page, "context": whole}),
        Route("/steps/{id}", get_step, {}),
        Route("/artifacts", list_artifacts, {**page, "context": whole}),
        Route("/artifacts/{id}", get_artifact, {}),
        Route("/artifacts/{id}/contents", get_contents, {}),
        Route("/contexts", list_contexts, page),
        Route("/contexts/{id}", get_context, {}),
        Route("/lineage", get_lineage, around),
        Route("/compare", get_comparison, {"a!": node, "b!": node}),
        Route("/find", find, {"what!": word}),
        Route("/changes", get_changes, {"since": whole, "context": whole}),
    )
