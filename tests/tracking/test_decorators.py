"""``step`` as a decorator: a decorated function is what it was, and what it does is recorded."""

from __future__ import annotations

import abc
import asyncio
import functools
import inspect
import logging
import math
import threading
import traceback
import types
import typing
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.errors import DeclarationError, MlmetaTrackError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import active


class DataSet(mt.Artifact):
    name: str
    version: int


def plain(a: int, /, b: str = "b", *args: float, c: bool, d: int = 4, **rest: Any) -> str:
    """Say what was given."""
    return f"{a} {b} {args} {c} {d} {rest}"


async def awaited(x: int) -> int:
    """Wait a little."""
    await asyncio.sleep(0)
    return x


def generated(x: int) -> Iterator[int]:
    """Count."""
    yield from range(x)


async def generated_async(x: int) -> AsyncIterator[int]:
    """Count slowly."""
    for i in range(x):
        yield i


class Adder:
    """Adds."""

    def __call__(self, x: int) -> int:
        """Add one."""
        return x + 1


class AsyncAdder:
    async def __call__(self, x: int) -> int:
        return x + 1


class Holder:
    def method(self, x: int) -> int:
        """Be a method."""
        return x

    @classmethod
    def of_class(cls, x: int) -> str:
        """Be a class method."""
        return f"{cls.__name__} {x}"

    @staticmethod
    def static(x: int) -> int:
        """Be a static method."""
        return x

    async def awaited(self, x: int) -> int:
        """Be an async method."""
        return x

    def generated(self, x: int) -> Iterator[int]:
        """Be a generator method."""
        yield from range(x)


class Tracked(Holder):
    method = mt.step(Holder.method)
    awaited = mt.step(Holder.awaited)
    generated = mt.step(Holder.generated)
    of_class = mt.step(Holder.__dict__["of_class"])
    of_class_inside: Any = classmethod(mt.step(Holder.of_class.__func__))  # type: ignore[attr-defined]
    static = mt.step(Holder.__dict__["static"])
    static_inside = staticmethod(mt.step(Holder.static))


FREE: dict[str, Callable[..., Any]] = {
    "function": plain,
    "coroutine function": awaited,
    "generator function": generated,
    "async generator function": generated_async,
    "lambda": lambda x: x,
    "partial": functools.partial(plain, 1, c=True),
    "partial of a coroutine function": functools.partial(awaited, 1),
    "callable object": Adder(),
    "async callable object": AsyncAdder(),
    "bound method": Holder().method,
    "bound class method": Holder.of_class,
    "builtin": len,
    "cached": functools.cache(Adder().__call__),
    "function in C without a signature": max,
}

# Each taken from the class, as it was and as it is tracked.
HELD: dict[str, tuple[Any, Any]] = {
    "method of an instance": (Holder().method, Tracked().method),
    "method of the class": (Holder.method, Tracked.method),
    "async method": (Holder().awaited, Tracked().awaited),
    "generator method": (Holder().generated, Tracked().generated),
    "class method": (Holder.of_class, Tracked.of_class),
    "class method, step inside": (Holder.of_class, Tracked.of_class_inside),
    "class method of an instance": (Holder().of_class, Tracked().of_class),
    "static method": (Holder.static, Tracked.static),
    "static method, step inside": (Holder.static, Tracked.static_inside),
    "static method of an instance": (Holder().static, Tracked().static),
}

PAIRS = {name: (function, mt.step(function)) for name, function in FREE.items()} | HELD

ATTRIBUTES = [
    "__name__",
    "__qualname__",
    "__doc__",
    "__module__",
    "__annotations__",
    "__defaults__",
    "__kwdefaults__",
]

PREDICATES: list[Callable[[Any], bool]] = [
    callable,
    inspect.isfunction,
    inspect.ismethod,
    inspect.isbuiltin,
    inspect.isclass,
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
    asyncio.iscoroutinefunction,
]


def signature(function: Any) -> object:
    try:
        return inspect.signature(function)
    except ValueError:
        return "it has none"


@pytest.mark.parametrize("kind", PAIRS)
def test_a_decorated_function_has_the_originals_attributes(kind: str) -> None:
    original, decorated = (
        {name: getattr(function, name, "none") for name in ATTRIBUTES} for function in PAIRS[kind]
    )
    assert decorated == original


@pytest.mark.parametrize("kind", PAIRS)
def test_a_decorated_function_has_the_originals_signature(kind: str) -> None:
    original, decorated = PAIRS[kind]
    assert signature(decorated) == signature(original)


@pytest.mark.parametrize("kind", PAIRS)
def test_inspect_answers_as_for_the_original(kind: str) -> None:
    original, decorated = (
        [predicate(function) for predicate in PREDICATES] for function in PAIRS[kind]
    )
    assert decorated == original


def test_type_hints_are_the_originals() -> None:
    assert typing.get_type_hints(mt.step(plain)) == typing.get_type_hints(plain)


def test_source_is_the_originals() -> None:
    assert inspect.getsource(mt.step(plain)) == inspect.getsource(plain)


def test_attributes_can_be_set_and_read(store: Store) -> None:
    @mt.step
    def function() -> None: ...

    function.note = "n"  # type: ignore[attr-defined]
    assert function.__dict__ == {"note": "n"}


def test_an_abstract_method_stays_abstract() -> None:
    class Base(abc.ABC):
        @mt.step
        @abc.abstractmethod
        def work(self) -> None: ...

    with pytest.raises(TypeError, match="abstract"):
        Base()  # type: ignore[abstract]


def finished(value: Any) -> Any:
    """Do the work that a call has left to be done."""
    if inspect.iscoroutine(value):
        return asyncio.run(value)
    if inspect.isgenerator(value):
        return list(value)
    if inspect.isasyncgen(value):
        return asyncio.run(collected(value))
    return value


async def collected(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "partial": ("2",),
    "partial of a coroutine function": (),
    "builtin": ([1, 2, 3],),
    "function in C without a signature": ([1, 2, 3],),
}


def call(kind: str, function: Any) -> Any:
    if kind == "function":
        return function(1, "2", 3.0, c=True, e=5)
    if kind == "method of the class":
        return function(Tracked(), 3)
    return function(*ARGUMENTS.get(kind, (3,)))


@pytest.mark.parametrize("kind", PAIRS)
def test_a_call_returns_what_the_original_does(store: Store, kind: str) -> None:
    original, decorated = PAIRS[kind]
    expected = finished(call(kind, original))
    if "class method" in kind and "bound" not in kind:
        expected = expected.replace("Holder", "Tracked")
    assert finished(call(kind, decorated)) == expected


@pytest.mark.parametrize("kind", PAIRS)
def test_a_call_is_recorded_once(store: Store, kind: str) -> None:
    finished(call(kind, PAIRS[kind][1]))
    [execution] = store.list_nodes(Execution)
    assert execution.last_known_state is ExecutionState.COMPLETE


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("function", {"a": 1, "b": "2", "args": "[3.0]", "c": True, "d": 4, "e": 5}),
        ("coroutine function", {"x": 3}),
        ("lambda", {"x": 3}),
        ("partial", {"b": "2", "c": True, "d": 4}),
        ("callable object", {"x": 3}),
        ("async callable object", {"x": 3}),
        ("bound method", {"x": 3}),
        ("bound class method", {"x": 3}),
        ("builtin", {"obj": "[1, 2, 3]"}),
        ("method of an instance", {"x": 3}),
        ("method of the class", {"x": 3}),
        ("class method", {"x": 3}),
        ("class method of an instance", {"x": 3}),
        ("static method", {"x": 3}),
        ("static method, step inside", {"x": 3}),
        ("generator method", {"x": 3}),
    ],
)
def test_arguments_are_recorded_under_their_names(
    store: Store, kind: str, expected: dict[str, Any]
) -> None:
    finished(call(kind, PAIRS[kind][1]))
    assert parameters(store) == expected


def parameters(store: Store) -> dict[str, Any]:
    [execution] = store.list_nodes(Execution)
    properties = execution.custom_properties.items()
    return {name: value for name, value in properties if not name.startswith("mlmeta_")}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("function", "plain"),
        ("lambda", "<lambda>"),
        ("partial", "plain"),
        ("callable object", "Adder"),
        ("method of an instance", "Holder.method"),
        ("builtin", "len"),
    ],
)
def test_a_step_is_named_after_its_function(store: Store, kind: str, name: str) -> None:
    finished(call(kind, PAIRS[kind][1]))
    [execution] = store.list_nodes(Execution)
    assert execution.type == name


def test_a_local_function_is_named_without_where_it_stands(store: Store) -> None:
    class Local:
        @mt.step
        def work(self) -> None: ...

    Local().work()
    assert [e.type for e in store.list_nodes(Execution)] == ["Local.work"]


def test_a_name_can_be_given(store: Store) -> None:
    @mt.step("Data Validation")
    def validate() -> None: ...

    validate()
    assert [e.type for e in store.list_nodes(Execution)] == ["Data Validation"]


def test_step_may_be_called_without_a_name(store: Store) -> None:
    @mt.step()
    def validate() -> None: ...

    validate()
    assert [e.type for e in store.list_nodes(Execution)] == ["validate"]


def test_a_decorated_dunder_call_makes_instances_steps(store: Store) -> None:
    class Model:
        @mt.step
        def __call__(self, x: int) -> int:
            return x

    assert Model()(3) == 3
    assert parameters(store) == {"x": 3}


def test_a_method_that_takes_anything_is_recorded(store: Store) -> None:
    class Anything:
        @mt.step
        def work(*args: Any, **kwargs: Any) -> int:
            return len(args) + len(kwargs)

    assert Anything().work(2, x=3) == 3
    assert parameters(store) == {"args": "[2]", "x": 3}


def test_a_keyword_may_be_called_like_a_positional_argument(store: Store) -> None:
    @mt.step
    def function(a: int, /, **rest: int) -> tuple[int, dict[str, int]]:
        return a, rest

    assert function(1, a=2) == (1, {"a": 2})
    assert parameters(store) == {"a": 1, "rest.a": 2}


def test_recursion_is_recorded_as_steps_inside_steps(store: Store) -> None:
    @mt.step
    def down(n: int) -> int:
        return n and down(n - 1)

    down(2)
    first, second, third = store.list_nodes(Execution)
    assert "mlmeta_parent_execution" not in first.custom_properties
    assert second.custom_properties["mlmeta_parent_execution"] == first.external_id
    assert third.custom_properties["mlmeta_parent_execution"] == second.external_id


# What is returned by functions that work later.


@pytest.mark.parametrize(
    ("kind", "predicate"),
    [
        ("coroutine function", inspect.iscoroutine),
        ("generator function", inspect.isgenerator),
        ("async generator function", inspect.isasyncgen),
        ("async method", inspect.iscoroutine),
        ("generator method", inspect.isgenerator),
    ],
)
def test_what_is_returned_is_the_real_thing_with_its_name(
    store: Store, kind: str, predicate: Callable[[Any], bool]
) -> None:
    original, decorated = (call(kind, function) for function in PAIRS[kind])
    assert predicate(decorated)
    assert decorated.__name__ == original.__name__
    assert decorated.__qualname__ == original.__qualname__
    finished(original)
    finished(decorated)


def test_a_generator_made_awaitable_stays_awaitable(store: Store) -> None:
    @mt.step
    @types.coroutine
    def old_style() -> Generator[None, None, int]:
        yield
        return 7

    async def main() -> Any:
        return await old_style()

    assert asyncio.run(main()) == 7
    [execution] = store.list_nodes(Execution)
    assert execution.last_known_state is ExecutionState.COMPLETE


# Errors.


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Odd(BaseException):
    pass


ENDINGS: list[tuple[BaseException, ExecutionState]] = [
    (ValueError("bad"), ExecutionState.FAILED),
    (UnprintableError(), ExecutionState.FAILED),
    (Odd(), ExecutionState.FAILED),
    (KeyboardInterrupt(), ExecutionState.CANCELED),
    (asyncio.CancelledError(), ExecutionState.CANCELED),
    (SystemExit(0), ExecutionState.COMPLETE),
    (SystemExit(None), ExecutionState.COMPLETE),
    (SystemExit(1), ExecutionState.FAILED),
    (SystemExit("no"), ExecutionState.FAILED),
]


@pytest.mark.parametrize(("error", "state"), ENDINGS, ids=lambda value: repr(value)[:20])
def test_the_caller_sees_the_very_exception_and_the_state_tells(
    store: Store, error: BaseException, state: ExecutionState
) -> None:
    @mt.step
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        fail()
    assert raised.value is error
    [execution] = store.list_nodes(Execution)
    assert execution.last_known_state is state


def test_a_failure_is_recorded_with_type_message_and_traceback(store: Store) -> None:
    @mt.step
    def fail() -> None:
        raise ValueError("too bad")

    with pytest.raises(ValueError, match="too bad"):
        fail()
    [execution] = store.list_nodes(Execution)
    facts = execution.custom_properties
    assert facts["mlmeta_error_type"] == "ValueError"
    assert facts["mlmeta_error_message"] == "too bad"
    assert 'raise ValueError("too bad")' in str(facts["mlmeta_traceback"])


def test_a_recorded_traceback_has_no_frame_of_ours(store: Store) -> None:
    @mt.step
    def inner() -> None:
        raise ValueError("too bad")

    @mt.step
    def outer() -> None:
        try:
            inner()
        except ValueError as error:
            raise LookupError("worse") from error

    with pytest.raises(LookupError):
        outer()
    ours = str(Path(mt.__file__).parent)
    for execution in store.list_nodes(Execution):
        kept = str(execution.custom_properties["mlmeta_traceback"])
        assert "in inner" in kept
        assert "too bad" in kept
        assert ours not in kept


def frames_of(error: BaseException) -> list[str]:
    """The functions in an error's traceback, those of wrapt left out: most often it is in C."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.name for frame in frames if "wrapt" not in Path(frame.filename).parts]


def test_only_two_frames_of_ours_are_in_the_traceback(store: Store) -> None:
    @mt.step
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError) as raised:  # noqa: PT011 - any will do
        fail()
    assert frames_of(raised.value)[1:] == ["call", "run", "fail"]


def test_a_coroutine_adds_one_frame_to_the_traceback(store: Store) -> None:
    @mt.step
    async def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError) as raised:  # noqa: PT011 - any will do
        asyncio.run(fail())
    assert frames_of(raised.value)[-2:] == ["drive_coroutine", "fail"]


def test_context_and_cause_are_left_alone(store: Store) -> None:
    cause, context = KeyError("cause"), LookupError("context")

    @mt.step
    def fail() -> None:
        try:
            raise context
        except LookupError:
            raise ValueError from cause

    with pytest.raises(ValueError) as raised:  # noqa: PT011 - any will do
        fail()
    assert raised.value.__cause__ is cause
    assert raised.value.__context__ is context
    assert context.__context__ is None
    assert cause.__context__ is None


def test_an_exception_raised_while_another_is_handled_has_that_as_context(store: Store) -> None:
    @mt.step
    def fail() -> None:
        raise ValueError

    def handle(outer: BaseException) -> None:
        try:
            raise outer
        except KeyError:
            fail()

    outer = KeyError()
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - any will do
        handle(outer)
    assert raised.value.__context__ is outer


WRONG: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "function": ((1,), {}),
    "coroutine function": ((), {}),
    "generator function": ((1, 2), {}),
    "async generator function": ((), {"y": 1}),
    "lambda": ((), {}),
    "partial": ((2,), {"b": 3}),
    "callable object": ((), {}),
    "bound method": ((), {}),
    "builtin": ((), {}),
    "method of an instance": ((1, 2), {}),
    "method of the class": ((), {}),
    "class method": ((), {}),
    "class method, step inside": ((), {}),
    "static method": ((), {}),
    "static method, step inside": ((1, 2), {}),
    "async method": ((), {}),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_arguments_raise_as_the_original_does(store: Store, kind: str) -> None:
    args, kwargs = WRONG[kind]
    errors = []
    for function in PAIRS[kind]:
        with pytest.raises(TypeError) as raised:
            function(*args, **kwargs)
        errors.append(str(raised.value))
    assert errors[0] == errors[1]
    assert store.list_nodes(Execution) == []


# Arbitrary functions.

NAMES = ["a", "b", "c", "d", "e"]


@st.composite
def functions(draw: st.DrawFn) -> Callable[..., Any]:
    """A function of any signature, which returns what it was given or raises it."""
    kinds = sorted(draw(st.lists(st.sampled_from("/+*"), max_size=5)), key="/+*".index)
    parts: list[str] = []
    for i, (name, kind) in enumerate(zip(NAMES, kinds, strict=False)):
        if kind == "*" and "*" not in kinds[:i]:
            parts.append(draw(st.sampled_from(["*", "*args"])))
        has_default = "=" in "".join(parts) and kind != "*"
        parts.append(name + (f"={i}" if has_default or draw(st.booleans()) else ""))
        if kind == "/" and kinds[i + 1 : i + 2] != ["/"]:
            parts.append("/")
    parts += draw(st.sampled_from([[], ["**rest"]]))
    verb = draw(st.sampled_from(["return locals()", "raise ValueError(locals())"]))
    names: dict[str, Any] = {}
    exec(f"def function({', '.join(parts)}): {verb}", names)  # noqa: S102
    return typing.cast("Callable[..., Any]", names["function"])


VALUES = st.one_of(
    st.none(), st.integers(), st.text(), st.floats(), st.binary(), st.lists(st.integers())
)


def outcome(function: Callable[..., Any], args: Any, kwargs: Any) -> tuple[str, str]:
    try:
        return "returned", repr(function(*args, **kwargs))
    except (TypeError, ValueError) as error:
        return type(error).__name__, str(error)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    function=functions(),
    args=st.lists(VALUES, max_size=4).map(tuple),
    kwargs=st.dictionaries(st.sampled_from([*NAMES, "other"]), VALUES, max_size=4),
)
def test_any_function_returns_or_raises_what_the_original_does(
    memory: Store, function: Callable[..., Any], args: Any, kwargs: Any
) -> None:
    assert outcome(mt.step(function), args, kwargs) == outcome(function, args, kwargs)


@pytest.fixture
def memory() -> Store:
    mt.init("sqlite://", strict=True)
    return mt.get_store()


# Bad input is refused where it stands.


def test_an_output_on_an_argument_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"validate: Output\(DataSet\(\)\) .* 'out', which"):

        @mt.step(outputs={"out": mt.Output(DataSet)})
        def validate(path: str) -> None: ...


def test_an_input_on_the_return_value_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"'return' is declared as .*give it one mt\.Output"):

        @mt.step
        def load() -> Annotated[str, mt.Input(DataSet)]:
            return ""


def test_two_markers_on_an_argument_are_refused() -> None:
    with pytest.raises(DeclarationError, match=r"'path' is declared as .*one mt\.Input"):

        @mt.step
        def update(path: Annotated[str, mt.Input(DataSet), mt.Output(DataSet)]) -> None: ...


@pytest.mark.parametrize("extra", [DataSet, DataSet(version=1), mt.Input])
def test_an_annotation_that_was_meant_to_be_a_marker_is_refused(extra: Any) -> None:
    def load(path: str) -> None: ...

    load.__annotations__["path"] = Annotated[str, extra]
    with pytest.raises(DeclarationError, match=r"load: .*'path' holds .*mt\.Input\(DataSet\)"):
        mt.step(load)


def test_a_marker_without_annotated_is_refused() -> None:
    def load(path: mt.Input(DataSet)) -> None: ...  # type: ignore[valid-type]

    with pytest.raises(DeclarationError, match=r"'path' is Input.*write Annotated\[str, mt.Input"):
        mt.step(load)


def test_an_annotation_that_cannot_be_read_is_refused() -> None:
    def load(path: Annotated[str, mt.Input(Missing)]) -> None: ...  # noqa: F821

    with pytest.raises(DeclarationError, match=r"'path' cannot be read: NameError: .*'Missing'"):
        mt.step(load)


def test_an_annotation_with_a_wrong_property_is_refused() -> None:
    def load(path: Annotated[str, mt.Input(DataSet, version="x")]) -> None: ...

    with pytest.raises(DeclarationError, match=r"DataSet\.version is declared as int"):
        mt.step(load)


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        ({"path": DataSet}, None, r"inputs: 'path' is declared as .*mt\.Input\(DataSet\)"),
        ({"path": mt.Output(DataSet)}, None, r"inputs: 'path' .*one mt\.Input"),
        (None, {"path": mt.Input(DataSet)}, r"outputs: 'path' .*one mt\.Output"),
        ({"path": mt.Input(DataSet)}, {"path": mt.Output(DataSet)}, "give each argument one"),
        (["path"], None, r"inputs must map arguments' names to mt\.Input, not be \['path'\]"),
    ],
)
def test_wrong_markers_beside_the_function_are_refused(
    inputs: Any, outputs: Any, message: str
) -> None:
    with pytest.raises(DeclarationError, match=message):
        mt.step("Load", inputs=inputs, outputs=outputs)


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b", "\ud800"])
def test_a_name_that_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match="A step's name must have 1 to 255 characters"):
        mt.step(name)


@pytest.mark.parametrize("thing", [3, DataSet, property(lambda self: self), object()])
def test_what_is_no_function_is_refused(thing: Any) -> None:
    with pytest.raises(DeclarationError, match=r"step decorates functions and methods; .* neither"):
        mt.step(thing)


@pytest.mark.parametrize("kind", ["function", "lambda", "partial", "bound method"])
def test_a_function_is_not_decorated_twice(kind: str) -> None:
    with pytest.raises(DeclarationError, match="is a step already; decorate it once"):
        mt.step("Again")(PAIRS[kind][1])


def test_a_tracked_method_is_not_decorated_again() -> None:
    with pytest.raises(DeclarationError, match=r"Holder\.method is a step already"):
        mt.step(Tracked().method)


def test_a_with_block_needs_a_name() -> None:
    with pytest.raises(DeclarationError, match="A with block needs the step's name"), mt.step():
        pass


def test_a_with_block_takes_no_markers() -> None:
    definition = mt.step("Load", inputs={"path": mt.Input(DataSet)})
    with pytest.raises(DeclarationError, match=r"call step\.input and step\.output"), definition:
        pass


def test_markers_beside_a_bare_function_are_not_lost(store: Store, tmp_path: Path) -> None:
    def load(path: str) -> None: ...

    with pytest.raises(DeclarationError, match="'nothing'"):
        mt.step(load, inputs={"nothing": mt.Input(DataSet)})


# With blocks of one definition.


def test_a_definition_may_be_open_in_several_threads(store: Store) -> None:
    definition = mt.step("Train")
    both_open = threading.Barrier(2)
    first_left = threading.Event()
    inside: dict[str, Any] = {}

    def work(name: str) -> None:
        with definition as opened:
            both_open.wait()
            if name == "second":
                first_left.wait()
            inside[name] = (active.step.get(), opened)
        assert active.step.get() is None
        first_left.set()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(current is opened for current, opened in inside.values())
    states = [e.last_known_state for e in store.list_nodes(Execution)]
    assert states == [ExecutionState.COMPLETE] * 2


def test_a_definition_may_be_open_twice_one_in_the_other(store: Store) -> None:
    definition = mt.step("Train")
    with definition as outer:
        with definition as inner:
            assert active.step.get() is inner
        assert active.step.get() is outer
    first, second = store.list_nodes(Execution)
    assert second.custom_properties["mlmeta_parent_execution"] == first.external_id


# Disabled.


@pytest.mark.parametrize("kind", PAIRS)
def test_disabled_calls_pass_straight_through(store_url: str, tmp_path: Path, kind: str) -> None:
    mt.init(store_url, disabled=True)
    finished(call(kind, PAIRS[kind][1]))
    assert list(tmp_path.iterdir()) == []


def test_disabled_functions_return_the_originals_own_objects() -> None:
    mt.init(disabled=True)
    assert mt.step(generated)(3).gi_code is generated.__code__  # type: ignore[attr-defined]


def test_disabled_functions_add_one_frame_to_a_traceback() -> None:
    mt.init(disabled=True)

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError) as raised:  # noqa: PT011 - any will do
        mt.step(fail)()
    assert frames_of(raised.value)[1:] == ["call", "fail"]


# When the store cannot be had.


def test_without_a_store_a_call_works_and_one_warning_says_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mt.init(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x.db'}")

    @mt.step
    def work(x: int) -> int:
        return x

    assert [work(1), work(2)] == [1, 2]
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1


def test_strict_raises_what_is_lost_before_the_work_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STORE", f"sqlite:///{tmp_path / 'no' / 'folder' / 'x.db'}")
    monkeypatch.setenv("MLMETA_TRACK_STRICT", "1")
    called: list[int] = []
    with pytest.raises(MlmetaTrackError):
        mt.step(called.append)(1)
    assert called == []


def test_a_tracked_c_function_is_called_with_its_arguments(store: Store) -> None:
    assert mt.step(math.hypot)(3.0, 4.0) == 5.0
