"""What a function's content is made of: all that it can come to, and no less."""

from __future__ import annotations

import functools
import logging
import operator
import random
import re
import sys
import threading
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import pytest

import mlmeta_track as mt
from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.reuse.key import key_of
from mlmeta_track.tracking.reuse.unknown import UnknownContentError

T = TypeVar("T")


def key(function: Any, **arguments: Any) -> str:
    return key_of("step", function, arguments, {}, Rules()).text


def defined(source: str, **names: Any) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "pipeline", **names}
    exec(compile(source, "pipeline.py", "exec", dont_inherit=True), namespace)  # noqa: S102 - our own text
    return namespace


def work(source: str, **names: Any) -> Any:
    return defined(source, **names)["work"]


def why_not(function: Any, **arguments: Any) -> str:
    with pytest.raises(UnknownContentError) as raised:
        key(function, **arguments)
    return str(raised.value)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Give modules of the user's, made from text, and forget them afterwards."""
    made: list[str] = []

    def make(name: str, source: str) -> Any:
        found = types.ModuleType(name)
        exec(compile(source, f"{name}.py", "exec"), vars(found))  # noqa: S102 - our own text
        monkeypatch.setitem(sys.modules, name, found)
        made.append(name)
        return found

    return make  # type: ignore[return-value]


# Each is a piece of code in which only `{}` differs.
CHANGES = [
    "def work(): return {}",
    "def work(x={}): return x",
    "def work(*, x={}): return x",
    "def work():\n    def inner(): return {}\n    return inner()",
    "def work():\n    class Inner:\n        a = {}\n    return Inner.a",
    "work = lambda: {}",
    "import functools\ndef f(x): return x\nwork = functools.partial(f, {})",
    "import functools\ndef f(x): return x\nwork = functools.partial(f, x={})",
    "import functools\n@functools.lru_cache\ndef work(): return {}",
    "G = {}\ndef work(): return [G for _ in 'a']",
    "def a(): return b()\ndef b(): return c()\ndef c(): return {}\ndef work(): return a()",
    (
        "def even(n): return n == {} or odd(n - 1)\ndef odd(n): return even(n - 1)\n"
        "def work(): return even(4)"
    ),
    "class A:\n    def go(self): return {}\ndef work(): return A().go()",
    "class Base:\n    at = {}\nclass A(Base): pass\ndef work(): return A.at",
    "class M(type):\n    at = {}\nclass A(metaclass=M): pass\ndef work(): return A",
    "class A:\n    @property\n    def go(self): return {}\ndef work(): return A().go",
    "class A:\n    @classmethod\n    def go(cls): return {}\ndef work(): return A.go()",
    "class A:\n    @staticmethod\n    def go(): return {}\nwork = A.go",
    (
        "import functools\nclass A:\n    @functools.cached_property\n    def go(self): return {}\n"
        "def work(): return A().go"
    ),
    "class A:\n    __slots__ = ('x',)\na = A()\na.x = {}\ndef work(): return a.x",
    "class A:\n    def __init__(self): self.x = {}\na = A()\ndef work(): return a.x",
    "class A:\n    def __call__(self): return {}\nwork = A()",
    "class A(dict):\n    at = {}\na = A()\ndef work(): return a.at",
    "class A(list): pass\na = A([{}])\ndef work(): return a",
    (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = {}\n"
        "def work(): return A().x"
    ),
    (
        "from dataclasses import dataclass, field\n@dataclass\nclass A:\n"
        "    x: int = field(default_factory=lambda: {})\ndef work(): return A().x"
    ),
    "from enum import Enum\nclass A(Enum):\n    X = {}\ndef work(): return A.X",
    (
        "from typing import NamedTuple\nclass A(NamedTuple):\n    x: int = {}\n"
        "def work(): return A().x"
    ),
    "def outer(f):\n    def inner(): return f()\n    return inner\n@outer\ndef work(): return {}",
    (
        "import functools\ndef outer(f):\n    @functools.wraps(f)\n    def inner(): return f()\n"
        "    return inner\n@outer\ndef work(): return {}"
    ),
    "def work(): return 0\nwork.at = {}",
    "from types import SimpleNamespace\nS = SimpleNamespace(x={})\ndef work(): return S.x",
    "import mlmeta_track as mt\n@mt.step\ndef helper(): return {}\ndef work(): return helper()",
    "async def work(): return {}",
    "def work():\n    try: return 1\n    except ValueError: return {}",
    "import re\nP = re.compile('{}')\ndef work(): return P",
    "import operator\nG = operator.itemgetter({})\ndef work(): return G",
    "def work(x: list[{}]): return 1",
    "class A:\n    x: 'a{}'\ndef work(): return A",
    "class A:\n    'Doc {}.'\ndef work(): return A.__doc__",
    "class A:\n    def __hash__(self): return {}\ndef work(): return hash(A())",
    (
        "from typing import Generic, TypeVar, Literal\nT = TypeVar('T')\n"
        "class B(Generic[T]): pass\n"
        "class A(B[Literal[{}]]): pass\ndef work(): return A.__orig_bases__"
    ),
    "f = '{}'.join\ndef work(): return f('ab')",
]


@pytest.mark.parametrize("source", CHANGES)
def test_a_change_anywhere_in_the_code_is_another_key(source: str) -> None:
    versions = [work(source.replace("{}", value)) for value in ("1", "2", "1")]
    first, changed, again = (key(version) for version in versions)
    assert first == again
    assert first != changed


def test_what_is_taken_from_a_module_counts(module: Callable[..., Any]) -> None:
    keys = []
    for value in (1, 2):
        helpers = module("helpers", f"def clean(): return {value}\nUNUSED = {value}\nSAME = 1\n")
        keys.append(key(work("def work(): return helpers.clean()", helpers=helpers)))
        keys.append(key(work("def work(): return helpers.SAME", helpers=helpers)))
    assert keys[0] != keys[2]
    assert keys[1] == keys[3]


def test_what_is_imported_inside_a_function_counts(module: Callable[..., Any]) -> None:
    source = "def work():\n    from helpers import clean\n    import json\n    return clean()"
    keys = []
    for value in (1, 2):
        module("helpers", f"def clean(): return {value}\n")
        keys.append(key(work(source)))
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def work():\n    global G\n    G = 1", "it sets the global variable 'G'"),
        ("def work(): return eval('1')", "eval() reaches what its code does not name"),
        ("def work(): return globals()", "globals() reaches what its code does not name"),
        (
            "import importlib\ndef work(): return importlib.import_module('x')",
            "importlib reaches what its code does not name",
        ),
        ("import sys\ndef work(): return sys.modules", "sys reaches what its code does not name"),
        ("def work(): return helpers", "the module helpers as a whole has no fingerprint"),
        ("def work(): return getattr(helpers, 'x')", "the module helpers as a whole"),
        ("def work(): return helpers.nothing", "the module helpers has no 'nothing' yet"),
        ("def work():\n    import helpers\n    return helpers.x", "the module helpers as a whole"),
        ("def work(): return object.__subclasses__()", "__subclasses__ reaches what"),
        ("def work():\n    import not_loaded", "the module is not loaded yet"),
        ("import threading\nL = threading.Lock()\ndef work(): return L", "_thread.lock"),
        ("import random\nR = random.Random()\ndef work(): return R", "random.Random"),
        ("I = iter([])\ndef work(): return I", "list_iterator"),
        ("def work(): return open('https://example.org/x')", "https://"),
        ("G = 's3://bucket/key'\ndef work(): return G", "s3://"),
        ("password = 'hunter2'\ndef work(): return password", "looks like a secret"),
        ("G = {'api_key': 'hunter2'}\ndef work(): return G", "looks like a secret"),
        ("G = 'password=hunter2'\ndef work(): return G", "looks like a secret"),
    ],
)
def test_what_cannot_be_told_is_refused(source: str, why: str, module: Callable[..., Any]) -> None:
    helpers = module("helpers", "x = 1")
    assert why in why_not(work(source, helpers=helpers))


def test_the_reason_says_where_it_stands() -> None:
    source = (
        "class Model: pass\nM = Model()\nM.lock = L\n"
        "def helper(): return M\ndef work(): return helper()"
    )
    assert why_not(work(source, L=threading.Lock())) == (
        "'lock' in a Model in 'M': a value of type _thread.lock has no fingerprint"
    )


def test_code_of_packages_counts_by_version(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlmeta_track.tracking.reuse import functions

    function = work("import wrapt\ndef work(): return wrapt.decorator")
    before = key(function)
    monkeypatch.setattr(functions, "version_of", lambda _: "another")
    assert key(function) != before


def test_a_tracked_library_function_is_what_it_was(store: object) -> None:
    def helper() -> int:
        return 1

    source = "def work(): return helper()"
    assert key(work(source, helper=mt.step(helper))) == key(work(source, helper=mt.step(helper)))


class Color(Enum):
    RED = 1
    BLUE = 2


class Point(NamedTuple):
    x: int


class Names(list[str]):
    pass


@dataclass
class Config:
    rate: float = 0.1
    names: list[str] = field(default_factory=list)


class Box(Generic[T]):
    def __init__(self, item: T) -> None:
        self.item = item

    def get(self) -> T:
        return self.item


DIFFERENT: list[Any] = [
    None,
    ...,
    NotImplemented,
    True,
    1,
    1.0,
    -1,
    0.0,
    -0.0,
    float("nan"),
    1j,
    "1",
    b"1",
    bytearray(b"1"),
    "",
    b"",
    (),
    [],
    {},
    set(),
    frozenset(),
    range(3),
    slice(1, 2),
    slice(1, 3),
    [1],
    (1,),
    {1},
    frozenset({1}),
    {1: 1},
    {"1": 1},
    [[1]],
    [1, 1],
    [(1,), 1],
    [1, (1,)],
    OrderedDict(a=1),
    defaultdict(list),
    defaultdict(int),
    defaultdict(int, a=1),
    deque([1]),
    deque([1], 5),
    types.MappingProxyType({"a": 1}),
    {"a": 1},
    Decimal(1),
    Decimal("1.0"),
    Fraction(1, 2),
    datetime(2020, 1, 1),  # noqa: DTZ001
    datetime(2020, 1, 1, tzinfo=timezone.utc),
    datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    date(2020, 1, 1),
    timedelta(1),
    Path("a"),
    Path("b"),
    Color.RED,
    Color.BLUE,
    Point(1),
    Point(2),
    Names("a"),
    Names("b"),
    Config(),
    Config(0.2),
    Config(names=["a"]),
    Box(1),
    Box(2),
    Color,
    Point,
    Config,
    Box[int],
    Box[str],
    list[int],
    int | None,
    int | str,
    T,
    int,
    str,
    len,
    print,
    abs,
    "a".join,
    "b".join,
    [].append,
    str.join,
    re.compile("a"),
    re.compile("a", re.IGNORECASE),
    operator.itemgetter(1),
    operator.attrgetter("a"),
    operator.methodcaller("a"),
    functools.partial(int, "1"),
    functools.partial(int, "1", base=2),
    3.14,
    logging.getLogger("a"),
    logging.getLogger("b"),
    lambda: 1,
    lambda: 2,
    Path,
    Box(1).get,
    types.SimpleNamespace(a=1),
    types.SimpleNamespace(a=2),
    object(),
    Config.__init__,
]


def test_different_values_have_different_keys() -> None:
    keys = {key(len, x=value): value for value in DIFFERENT}
    assert len(keys) == len(DIFFERENT)


def test_equal_values_have_one_key() -> None:
    assert len({key(len, x=Config(names=["a"])) for _ in range(3)}) == 1
    assert key(len, x={1, "a", None}) == key(len, x={None, 1, "a"})


@pytest.mark.parametrize(
    "value",
    [
        iter([]),
        (i for i in [1]),
        threading.Lock(),
        random.SystemRandom(),
        sys.stdout,
        memoryview(b"a"),
        ValueError("a"),
        [threading.RLock()],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_a_state_of_its_own_is_refused(value: Any) -> None:
    assert why_not(len, x=value)


class Hostile:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


def test_values_that_raise_when_asked_are_looked_at_past_their_methods() -> None:
    assert key(len, x=Hostile()) == key(len, x=Hostile())


class Secret:
    def get_secret_value(self) -> str:
        return "hunter2"


def test_objects_that_keep_secrets_are_never_opened() -> None:
    assert why_not(len, x=Secret()) == "'x' in the argument 'x': this is a secret"


def test_with_redaction_switched_off_secrets_are_values() -> None:
    arguments = [{"password": "a"}, {"password": "b"}]
    keys = {key_of("s", len, one, {}, Rules(is_on=False)).text for one in arguments}
    assert len(keys) == 2


def test_arrays_count_with_type_shape_and_values() -> None:
    numpy = pytest.importorskip("numpy")
    arrays = [
        numpy.array([1, 2]),
        numpy.array([1, 3]),
        numpy.array([[1, 2]]),
        numpy.array([1, 2], dtype="int32"),
        numpy.array([]),
        numpy.array(["a", None], dtype=object),
        numpy.array(["2020-01-01"], dtype="datetime64[D]"),
        numpy.float64(1.0),
        numpy.float32(1.0),
        numpy.dtype("int64"),
        numpy.add,
        numpy.sum,
    ]
    assert len({key(len, x=array) for array in arrays}) == len(arrays)
    assert key(len, x=numpy.array([1, 2])) == key(len, x=numpy.array([1, 0, 2])[::2])
    assert "Generator" in why_not(len, x=numpy.random.default_rng(1))
