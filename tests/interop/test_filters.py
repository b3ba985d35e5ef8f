"""Filters, asked of our look-alike and of the real wheel: what they find, or refuse, is the same.

``MLMETA_TEST_FILTERS`` says how many filters are drawn.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmeta_track.testing.store_cases.filters import AS_ML_METADATA
from mlmeta_track.testing.store_cases.filters_values import ARITHMETIC, FUNCTIONS, OPERATORS
from mlmeta_track.wire import metadata_store_pb2 as pb

from .filter_data import filling
from .filter_strategies import KINDS, filters, spoiled
from .peers import DIED, Peer, our_peer, their_peer
from .replies import OPTIONS

FILTERS = int(os.environ.get("MLMETA_TEST_FILTERS", "300"))
_PREFIXES = {"A": "artifact", "E": "execution", "C": "context"}
_ALL = [1, 2, 3, 4, 5, 6, 7]
INVALID, INTERNAL = "InvalidArgumentError", "InternalError"


@dataclass(frozen=True)
class Difference:
    """A filter that both answer differently, and why ours is right."""

    query: str
    ours: list[int] | str
    theirs: list[int] | str
    reason: str


_STATES = "All states and types of events may be named."
_REWRITTEN = "It finds states by regular expressions, which know no strings, repetition or case."
_QUOTES = "It gives SQLite texts in double quotes, as names, and does not escape them."
_COLUMNS = "Its SQL lacks the columns that it offers."
_CASE = "It takes the names of properties and aliases for the same in capitals."
_SQLITE = "It prints SQL that SQLite does not have."
_CASTS = "A text that is no number is NULL, the same on every database; SQLite reads its beginning."
_WORDS = "The words for true and false are the same on every database."
DIFFERENCES = [
    Difference("A state = ABANDONED", [], INVALID, _STATES),
    Difference("A state IN (REFERENCE)", [], INVALID, _STATES),
    Difference("A events_0.type = PENDING_OUTPUT", [3], INVALID, _STATES),
    Difference("A state = LIVE AND state = LIVE", [1], INVALID, _REWRITTEN),
    Difference("A state = LIVE AND name != 'state = LIVE'", [1], INVALID, _REWRITTEN),
    Difference("A name = 'state = ANY'", [], INVALID, _REWRITTEN),
    Difference("A State = LIVE", [1], INVALID, _REWRITTEN),
    Difference("A state <> LIVE AND id < 3", [2], INVALID, _REWRITTEN),
    Difference("A (state) = LIVE", [1], INVALID, _REWRITTEN),
    Difference("A state IN (2)", INVALID, [1], _REWRITTEN + " Numbers are refused elsewhere."),
    Difference("A state <> 2", INVALID, [2, 6, 7], _REWRITTEN + " Numbers are refused elsewhere."),
    Difference("C artifacts_a.state != LIVE", [1, 3, 4], INVALID, _REWRITTEN),
    Difference("A name = 'uri'", [4], [], _QUOTES),
    Difference("A uri = 'q\"uo\\'te'", [4], INTERNAL, _QUOTES),
    Difference("A LENGTH('\\n') = 1", _ALL, [], _QUOTES),
    Difference("A name LIKE 'a\\\\1'", [1], [], "LIKE has its escapes."),
    Difference("C parent_contexts_p.create_time_since_epoch > 0", [2, 4], INTERNAL, _COLUMNS),
    Difference("C artifacts_a.external_id IS NOT NULL", [], INTERNAL, _COLUMNS),
    Difference("A contexts_a.external_id = 'ext5'", [6], INVALID, _COLUMNS),
    Difference("A custom_properties.`My Prop`.int_value = 9", [], [3], _CASE),
    Difference(
        "A contexts_a.id = 1 AND contexts_A.id = 2", [1], INVALID, "It ignores names' case."
    ),
    Difference("A COALESCE(name) = 'a1'", [1], INTERNAL, _SQLITE),
    Difference("A MOD(id, 2) = 1", INVALID, INTERNAL, _SQLITE),
    Difference("A name || 'x' = 'a1x'", INVALID, INTERNAL, _SQLITE),
    Difference("A STARTS_WITH(name, 'a')", INVALID, INTERNAL, _SQLITE),
    Difference("A CAST(name AS INT64) = 0", [], [1, 2, 3, 4, 7], _CASTS),
    Difference("A CAST('x' AS FLOAT64) IS NULL", _ALL, [], _CASTS),
    Difference("A CAST(properties.b.bool_value AS STRING) = 'true'", [6], [], _WORDS),
    Difference("A id = 1AND id = 1", [1], INVALID, "It wants a space where none is needed."),
    Difference("A SUBSTR(name, 0) = 'a'", INVALID, [], "Databases differ in what 0 means."),
    Difference("A name = 'a1\\000'", INVALID, [], "No database holds it, and PostgreSQL refuses."),
    Difference("A id & 1 = 1", INVALID, [1, 3, 5, 7], "Bits are not worth a language."),
    Difference("A id IN (SELECT 1)", INVALID, [1], "Subqueries are not of the language."),
]
_THEIR_FAULTS = re.compile(
    "Query cannot be rewritten successfully"
    "|Missing whitespace between literal and alias"
    "|wrong number of arguments to function COALESCE"
)


class Both:
    """The two sides, each with the same nodes."""

    def __init__(self, ours: Peer, theirs: Peer) -> None:
        self._peers = ours, theirs
        for peer in self._peers:
            peer.begin()
            for call in filling():
                assert peer.ask(call)[0] == "returned"

    def ask(self, kind: str, text: str) -> tuple[list[Any], list[Any]]:
        """What each of them finds: ``["found", ids]`` or ``["raised", class, message]``."""
        options = [OPTIONS, {"filter_query": text, "order_by": "ID"}]
        for peer in self._peers:
            peer.send([f"get_{kind}s", [], {"list_options": options}])
        ours, theirs = (_ids(peer.receive()) for peer in self._peers)
        return ours, theirs

    def show(self, query: str) -> tuple[list[int] | str, list[int] | str]:
        """Ids, or the class of the error; of a query behind its kind of nodes."""
        ours, theirs = self.ask(_PREFIXES[query[0]], query[2:])
        return ours[1], theirs[1]


def _ids(reply: Any) -> list[Any]:
    assert reply != DIED
    if reply[0] == "raised":
        return list(reply)
    nodes = [getattr(pb, name).FromString(base64.b64decode(data)) for _, name, data in reply[1]]
    return ["found", [node.id for node in nodes]]


@pytest.fixture(scope="module")
def both(wheel_python: str) -> Iterator[Both]:
    with our_peer() as ours, their_peer(wheel_python) as theirs:
        yield Both(ours, theirs)


def test_every_filter_of_the_table_finds_the_same(both: Both) -> None:
    known = {difference.query for difference in DIFFERENCES}
    queries = [*AS_ML_METADATA, *OPERATORS, *ARITHMETIC, *FUNCTIONS]
    answers = {query: both.show(query) for query in queries if query not in known}
    assert {query: found for query, found in answers.items() if found[0] != found[1]} == {}
    assert len(answers) > 90


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda one: one.query)
def test_each_known_difference_is_one(both: Both, difference: Difference) -> None:
    assert both.show(difference.query) == (difference.ours, difference.theirs), difference.reason


def _asked(make: Any) -> st.SearchStrategy[tuple[str, str]]:
    return st.one_of(*(st.tuples(st.just(kind), make(kind)) for kind in KINDS))


def _is_known(ours: list[Any], theirs: list[Any]) -> bool:
    if theirs[0] == "found":
        return False
    if theirs[1] == INTERNAL and ours[1] == INVALID:
        return str(theirs[2]).startswith("Error when executing query: ")
    is_theirs = _THEIR_FAULTS.search(theirs[2]) is not None
    return is_theirs and (ours[0] == "found" or ours[1] == INVALID)


@pytest.mark.timeout(0 if FILTERS > 1000 else 300)
@pytest.mark.parametrize("make", [filters, spoiled], ids=lambda make: make.__name__)
def test_any_filter_finds_the_same(both: Both, make: Any) -> None:
    @settings(max_examples=FILTERS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_asked(make))
    def compare(asked: tuple[str, str]) -> None:
        ours, theirs = both.ask(*asked)
        assert ours[:2] == theirs[:2] or _is_known(ours, theirs), (asked, ours, theirs)

    compare()
