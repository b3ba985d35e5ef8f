"""How long the web page and the command line take to answer about a store of a million events.

The page is asked over HTTP, of ``mlmeta-track ui`` in a process of its own; a command is a whole
process, from its start to its last line.  The store is that of ``filters.py``.
"""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlsplit

import big_store
from harness import machine
from harness.processes import ROOT, BenchmarkError, environment
from harness.report import aligned, time_text, write

if TYPE_CHECKING:
    from harness.options import Options

_API = "/api/v1"
_STATIC = ROOT / "mlmeta_track" / "ui" / "static"
_PAGE, _GRAPH, _LIST, _COMMAND = 0.3, 0.3, 0.2, 0.5
"""What issue and documentation promise, in seconds."""

_MOST_ASKED = 5
_FEWEST_ROUNDS = 5
_SECONDS = 120
_FILTER = "type = 'Model' AND properties.name.string_value = 'name 7'"


class Asker(Protocol):
    """Who can be asked, and gets an answer or raises ``BenchmarkError``."""

    def ask(self, what: Sequence[str]) -> None:
        """Ask once."""


@dataclass(frozen=True)
class Question:
    """What is asked, of whom, and how many seconds the answer may take; None promises nothing."""

    where: str
    label: str
    ask: Sequence[str]
    limit: float | None


@dataclass
class Answered:
    """How many seconds the answers to a question took: the first one, and those that count."""

    question: Question
    first: float = 0.0
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @property
    def typical(self) -> float:
        """The median."""
        return statistics.median(self.seconds)

    @property
    def is_kept(self) -> bool | None:
        """Whether the typical answer comes within the limit; None where there is none."""
        return None if self.question.limit is None else self.typical < self.question.limit


def measure(options: Options) -> None:
    """Measure the answers, print the table and write ``answers.json``."""
    if not {"ours", "floor"} & {*options.groups}:
        return  # No peer has a page and commands for the same.
    n_events = big_store.events(options.rounds)
    store = big_store.kept(options.output, n_events)
    questions = [*_of_commands(n_events)] if "ours" in options.groups else []
    questions += _FLOOR if "floor" in options.groups else []
    with tempfile.TemporaryDirectory() as folder, _served(store, Path(folder)) as page:
        questions += _of_the_page(n_events) if "ours" in options.groups else []
        command = _Command(store, Path(folder))
        askers: Mapping[str, Asker] = {"page": page, "command": command, "python": command}
        answered = _rounds([Answered(question) for question in questions], askers, options)
    title = f"Answers about a store of {n_events:,} events"
    print(_table(title, answered))
    write(_content(title, answered, options), "answers", options)


def _of_the_page(n_events: int) -> list[Question]:
    """Return what the page's views ask for; paths, asked one after the other."""
    runs = big_store.Size(n_events, big_store.NOW).runs
    run, step, artifact = big_store.EXPERIMENTS + runs, runs * 10, runs * 5
    middle = f"artifact:{artifact // 2}"
    files = sorted(_STATIC.rglob("*.*"))
    static = [f"/static/{path.relative_to(_STATIC).as_posix()}" for path in files]
    first = [f"{_API}/store", f"{_API}/runs?limit=25", f"{_API}/names"]

    def of(limit: float, label: str, *paths: str) -> Question:
        return Question("page", label, [f"{_API}{path}" for path in paths], limit)

    return [
        Question("page", "first page, with all its files", ["/", *static, *first], _PAGE),
        of(_PAGE, "a run", f"/runs/{run}"),
        of(_PAGE, "a step", f"/steps/{step}"),
        of(_PAGE, "an artifact", f"/artifacts/{artifact // 2}"),
        of(_PAGE, "two runs compared", f"/compare?a=run:{run - 20}&b=run:{run}"),
        of(_GRAPH, "lineage, depth 2, newest", f"/lineage?node=artifact:{artifact}&depth=2"),
        of(_GRAPH, "lineage, depth 2, in the middle", f"/lineage?node={middle}&depth=2"),
        of(_GRAPH, "lineage, depth 2, of a step", f"/lineage?node=execution:{step // 2}&depth=2"),
        of(_LIST, "runs", "/runs?limit=25"),
        of(_LIST, "runs, from the oldest", "/runs?limit=25&order=oldest"),
        of(_LIST, "runs of an experiment", "/runs?limit=25&experiment=7"),
        of(_LIST, "experiments", "/experiments?limit=25"),
        of(_LIST, "steps", "/steps?limit=25"),
        of(_LIST, "steps of an experiment", "/steps?limit=25&context=7"),
        of(_LIST, "steps that failed", f"/steps?limit=25&filter={quote(_FAILED)}"),
        of(_LIST, "artifacts", "/artifacts?limit=25"),
        of(_LIST, "artifacts that fit a filter", f"/artifacts?limit=25&filter={quote(_FILTER)}"),
        of(_LIST, "contexts", "/contexts?limit=25"),
        of(_LIST, "what changed lately", "/changes?since=1"),
    ]


_FAILED = "last_known_state = FAILED"


def _of_commands(n_events: int) -> Iterator[Question]:
    runs = big_store.Size(n_events, big_store.NOW).runs
    run, step, artifact = big_store.EXPERIMENTS + runs, runs * 10, runs * 5
    for arguments in (
        ("runs", "list"),
        ("runs", "show", f"run:{run}"),
        ("steps", "list"),
        ("steps", "list", "--filter", _FAILED),
        ("steps", "show", f"execution:{step}"),
        ("artifacts", "list"),
        ("artifacts", "show", f"artifact:{artifact}"),
        ("experiments", "list"),
        ("experiments", "show", "Experiment 7"),
        ("lineage", "--depth", "2", f"artifact:{artifact}"),
        ("impact", f"artifact:{artifact - 500}"),
        ("query", _FILTER),
        ("query", "--explain", _FILTER),
        ("compare", f"run:{run - 20}", f"run:{run}"),
    ):
        yield Question("command", _label(arguments), arguments, _COMMAND)


def _label(arguments: Sequence[str]) -> str:
    return " ".join("FILTER" if one in {_FAILED, _FILTER} else one for one in arguments)


_FLOOR = [
    Question("python", "starts and ends", ["-c", "pass"], None),
    Question("python", "imports click and SQLAlchemy", ["-c", "import click, sqlalchemy"], None),
]


class _Page:
    """The page's server, asked for each answer over a connection of its own."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc

    def ask(self, what: Sequence[str]) -> None:
        with closing(HTTPConnection(self._host, timeout=_SECONDS)) as connection:
            for path in what:
                _get(connection, path)


def _get(connection: HTTPConnection, path: str) -> None:
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        content = response.read()
    except (OSError, HTTPException) as error:
        message = f"the page does not answer {path}: {error!r}"
        raise BenchmarkError(message) from error
    if response.status != HTTPStatus.OK or not content or b'"rows":[]' in content:
        message = f"the page answers {path} with {response.status}: {content[:500]!r}"
        raise BenchmarkError(message)


class _Command:
    """The command, in a folder where no setting is."""

    def __init__(self, store: Path, folder: Path) -> None:
        self._store = f"sqlite:///{store}"
        self._folder = folder

    def ask(self, what: Sequence[str]) -> None:
        is_ours = what[0] != "-c"
        arguments = ["-m", "mlmeta_track", *what, "--store", self._store] if is_ours else what
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=environment("ours"),
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
        if done.returncode or (is_ours and not done.stdout):
            said = done.stderr.decode(errors="replace")[-1000:]
            message = (
                f"mlmeta-track {' '.join(what)} ended with {done.returncode}. It said:\n{said}"
            )
            raise BenchmarkError(message)


@contextmanager
def _served(store: Path, folder: Path) -> Iterator[_Page]:
    command = [sys.executable, "-m", "mlmeta_track", "ui", "--port", "0"]
    with subprocess.Popen(
        [*command, "--store", f"sqlite:///{store}"],
        cwd=folder,
        env=environment("ours"),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            told = re.search(r"http://\S+", line)
            if told is None:
                message = f"mlmeta-track ui did not start; it said {line!r}"
                raise BenchmarkError(message)
            yield _Page(told[0])
        finally:
            process.terminate()


def _rounds(
    answered: list[Answered], askers: Mapping[str, Asker], options: Options
) -> list[Answered]:
    """Ask everything in turn, so that what slows the machine down slows down every answer."""
    for one in answered:
        one.first = _asked(one, askers, 1)[0][0]
    began = time.monotonic()
    for number in range(options.rounds):
        took = time.monotonic() - began
        if number >= _FEWEST_ROUNDS and took + took / number > options.patience:
            break
        print(f"bench: round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        for one in answered:
            times = 1 if one.question.where != "page" else min(options.work, _MOST_ASKED)
            seconds, processor = _asked(one, askers, times)
            one.seconds += seconds
            one.processor += processor
    return answered


def _asked(
    one: Answered, askers: Mapping[str, Asker], times: int
) -> tuple[list[float], list[float]]:
    """Return the seconds that each answer took, and those of the processors in other processes."""
    seconds, processor = [], []
    for _ in range(times):
        began, worked = time.perf_counter(), _worked()
        askers[one.question.where].ask(one.question.ask)
        seconds.append(time.perf_counter() - began)
        processor.append(_worked() - worked)
    return seconds, processor


def _worked() -> float:
    """Return the seconds that the processes which have ended so far were at work."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _table(title: str, answered: Sequence[Answered]) -> str:
    head = ("of", "question", "typical", "slowest", "first", "processor", "promised", "kept")
    rows = [head, *(_row(one) for one in answered)]
    first, *others = aligned(rows, words=2)
    facts = ", ".join(f"{name} {value}" for name, value in machine.facts().items())
    return "\n".join(["", title, f"({facts})", "", first, "-" * len(first), *others])


def _row(one: Answered) -> tuple[str, ...]:
    limit = one.question.limit
    return (
        one.question.where,
        one.question.label,
        time_text(one.typical),
        time_text(max(one.seconds)),
        time_text(one.first),
        time_text(statistics.median(one.processor)) if one.question.where != "page" else "-",
        "-" if limit is None else f"{limit * 1e3:.0f} ms",
        {None: "-", True: "yes", False: "NO"}[one.is_kept],
    )


def _content(title: str, answered: Sequence[Answered], options: Options) -> dict[str, object]:
    return {
        "measurement": "answers",
        "title": title,
        "unit": "seconds an answer",
        "machine": machine.facts(),
        "work_per_round": min(options.work, _MOST_ASKED),
        "answers": [
            {
                "where": one.question.where,
                "question": one.question.label,
                "typical": one.typical,
                "first": one.first,
                "seconds": one.seconds,
                "processor": one.processor if one.question.where != "page" else None,
                "promised": one.question.limit,
                "kept": one.is_kept,
            }
            for one in answered
        ],
    }
