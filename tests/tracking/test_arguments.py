"""What a step's arguments and results come to be recorded as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.plugins import hookimpl, hooks
from mlmeta_track.store.base import Store

DECLARED_INPUT, INPUT = EventType.DECLARED_INPUT, EventType.INPUT
DECLARED_OUTPUT, OUTPUT = EventType.DECLARED_OUTPUT, EventType.OUTPUT


class DataSet(mt.Artifact):
    name: str
    split: str
    version: int


class Model(mt.Artifact):
    name: str


@dataclass
class Table:
    """A value that a plugin knows."""

    content: str


class TablePlugin:
    @hookimpl
    def describe_artifact(self, value: Any) -> Description | None:
        if type(value) is not Table:
            return None
        return Description(ArtifactType("Table"), fingerprint=f"table:{value.content}")


@pytest.fixture(autouse=True)
def tables() -> Iterator[None]:
    plugin = TablePlugin()
    hooks.register(plugin)
    yield
    hooks.unregister(plugin)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"{name}.csv" for name in "abc"]
    for path in paths:
        path.write_text(path.name)
    return [str(path) for path in paths]


def events(store: Store) -> list[tuple[EventType, EventPath, str]]:
    """The events of the one execution: kind, path, and the artifact's type."""
    [execution] = store.list_nodes(Execution)
    found = store.get_events_by_execution_ids([execution.id])
    artifacts = {a.id: a for a in store.list_nodes(Artifact)}
    return [(e.type, e.path, artifacts[e.artifact_id].type) for e in found]


def uris(store: Store) -> list[str | None]:
    return [artifact.uri for artifact in store.list_nodes(Artifact)]


def parameters(store: Store) -> Mapping[str, Any]:
    [execution] = store.list_nodes(Execution)
    properties = execution.custom_properties.items()
    return {name: value for name, value in properties if not name.startswith("mlmeta_")}


# Declared.


def test_a_declared_input_is_recorded_with_its_properties(store: Store, files: list[str]) -> None:
    @mt.step
    def load(path: Annotated[str, mt.Input(DataSet, split="train", version=1)]) -> None: ...

    load(files[0])
    assert events(store) == [(DECLARED_INPUT, ("path",), "DataSet")]
    [artifact] = store.list_nodes(Artifact)
    assert artifact.uri == files[0]
    assert artifact.properties == {"split": "train", "version": 1}
    assert artifact.fingerprint


def test_a_declared_input_is_no_parameter(store: Store, files: list[str]) -> None:
    @mt.step
    def load(path: Annotated[str, mt.Input(DataSet)], rows: int = 5) -> None: ...

    load(files[0])
    assert parameters(store) == {"rows": 5}


def test_the_input_is_described_before_the_work(store: Store, files: list[str]) -> None:
    @mt.step
    def change(path: Annotated[str, mt.Input(DataSet)]) -> None:
        Path(path).write_text("changed")

    @mt.step
    def read(path: Annotated[str, mt.Input(DataSet)]) -> None: ...

    read(files[0])
    change(files[0])
    assert len(store.list_nodes(Artifact)) == 1
    read(files[0])
    assert len(store.list_nodes(Artifact)) == 2


def test_a_declared_output_is_described_after_the_work(store: Store, tmp_path: Path) -> None:
    @mt.step
    def train(out: Annotated[str, mt.Output(Model, name="m")]) -> None:
        Path(out).write_text("model")

    train("model.bin")
    assert events(store) == [(DECLARED_OUTPUT, ("out",), "Model")]
    [artifact] = store.list_nodes(Artifact)
    assert artifact.uri == str(tmp_path / "model.bin")
    assert artifact.fingerprint


def test_an_output_that_a_failed_step_did_not_write_is_not_recorded(store: Store) -> None:
    @mt.step
    def train(out: Annotated[str, mt.Output(Model)]) -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - any will do
        train("model.bin")
    assert events(store) == []


def test_a_list_of_declared_paths_gets_an_index_in_each_events_path(
    store: Store, files: list[str]
) -> None:
    @mt.step
    def load(paths: Annotated[list[str], mt.Input(DataSet)]) -> None: ...

    load(files)
    assert events(store) == [(DECLARED_INPUT, ("paths", i), "DataSet") for i in range(3)]
    assert uris(store) == files


def test_a_dict_of_declared_paths_gets_its_key_in_each_events_path(
    store: Store, files: list[str]
) -> None:
    @mt.step
    def load(paths: Annotated[dict[str, str], mt.Input(DataSet)]) -> None: ...

    load({"train": files[0], "eval": files[1]})
    names = ["train", "eval"]
    assert events(store) == [(DECLARED_INPUT, ("paths", name), "DataSet") for name in names]


def test_declared_variable_arguments_are_recorded_one_by_one(
    store: Store, files: list[str]
) -> None:
    @mt.step
    def load(
        *paths: Annotated[str, mt.Input(DataSet)], **more: Annotated[str, mt.Input(Model)]
    ) -> None: ...

    load(files[0], files[1], model=files[2])
    assert events(store) == [
        (DECLARED_INPUT, ("paths", 0), "DataSet"),
        (DECLARED_INPUT, ("paths", 1), "DataSet"),
        (DECLARED_INPUT, ("model",), "Model"),
    ]


@pytest.mark.parametrize("path", ["", b"", None], ids=repr)
def test_a_path_that_is_left_out_is_not_recorded(store: Store, path: Any) -> None:
    @mt.step
    def load(
        source: Annotated[Any, mt.Input(DataSet)], target: Annotated[Any, mt.Output(Model)]
    ) -> Annotated[Any, mt.Output(Model)]:
        return path

    load(path, path)
    assert events(store) == []


def test_a_declared_input_that_is_none_is_not_recorded(store: Store) -> None:
    @mt.step
    def load(path: Annotated[str | None, mt.Input(DataSet)] = None) -> None: ...

    load()
    assert events(store) == []
    assert parameters(store) == {}


@pytest.mark.parametrize("path", [Path("a.csv"), b"a.csv", "file:a.csv", "./x/../a.csv"], ids=repr)
def test_a_path_in_any_form_is_the_same_input(store: Store, files: list[str], path: Any) -> None:
    @mt.step
    def load(path: Annotated[Any, mt.Input(DataSet)]) -> None: ...

    load(path)
    assert uris(store) == [files[0]]


def test_a_uri_is_recorded_as_it_stands(store: Store) -> None:
    @mt.step
    def load(path: Annotated[str, mt.Input(DataSet)]) -> None: ...

    load("s3://bucket/a b?x=1#y")
    assert uris(store) == ["s3://bucket/a b?x=1#y"]


def test_a_path_that_no_store_can_hold_is_recorded_readably(store: Store, tmp_path: Path) -> None:
    @mt.step
    def load(path: Annotated[str, mt.Input(DataSet)]) -> None: ...

    load("caf\udce9.csv")
    assert uris(store) == [str(tmp_path / "caf\\udce9.csv")]


def test_a_declared_value_that_a_plugin_knows_keeps_what_the_plugin_says(store: Store) -> None:
    @mt.step
    def load(table: Annotated[Table, mt.Input(DataSet, split="eval")]) -> None: ...

    load(Table("x"))
    [artifact] = store.list_nodes(Artifact)
    assert (artifact.type, artifact.fingerprint) == ("DataSet", "table:x")
    assert artifact.properties == {"split": "eval"}


def test_a_declared_value_that_nobody_knows_is_recorded_by_its_declaration(store: Store) -> None:
    @mt.step
    def load(thing: Annotated[object, mt.Input(DataSet, name="thing")]) -> None: ...

    load(object())
    assert events(store) == [(DECLARED_INPUT, ("thing",), "DataSet")]


def test_a_declared_output_that_is_an_object_is_described_after_the_work(store: Store) -> None:
    @mt.step
    def fill(table: Annotated[Table, mt.Output(DataSet)]) -> None:
        table.content = "filled"

    fill(Table("empty"))
    [artifact] = store.list_nodes(Artifact)
    assert artifact.fingerprint == "table:filled"
    assert events(store) == [(DECLARED_OUTPUT, ("table",), "DataSet")]


def test_a_declared_return_value_is_a_declared_output(store: Store, files: list[str]) -> None:
    @mt.step
    def make() -> Annotated[str, mt.Output(DataSet, name="made")]:
        return files[0]

    assert make() == files[0]
    assert events(store) == [(DECLARED_OUTPUT, ("return",), "DataSet")]
    assert uris(store) == [files[0]]


def test_a_declared_return_value_may_be_several(store: Store, files: list[str]) -> None:
    @mt.step
    def make() -> Annotated[tuple[str, ...], mt.Output(DataSet)]:
        return tuple(files[:2])

    make()
    assert events(store) == [(DECLARED_OUTPUT, ("return", i), "DataSet") for i in (0, 1)]


@pytest.mark.parametrize(
    "annotation",
    [
        Union[Annotated[str, mt.Input(DataSet)], int],  # noqa: UP007 - it is what is tested
        Annotated[str, mt.Input(DataSet)] | None,
        list[Annotated[str, mt.Input(DataSet)]],
        Sequence[Annotated[str, mt.Input(DataSet)]] | None,
        Annotated[str, "other", mt.Input(DataSet)],
        Annotated[Annotated[str, mt.Input(DataSet)], "other"],
    ],
    ids=str,
)
def test_a_marker_is_found_inside_other_types(
    store: Store, files: list[str], annotation: Any
) -> None:
    def load(path: str) -> None: ...

    load.__annotations__["path"] = annotation
    mt.step(load)(files[0])
    assert events(store) == [(DECLARED_INPUT, ("path",), "DataSet")]


def test_markers_may_stand_beside_the_function(store: Store, files: list[str]) -> None:
    def convert(source: str, target: str) -> str:
        return target

    inputs = {"source": mt.Input(DataSet)}
    outputs = {"target": mt.Output(Model), "return": mt.Output(Model)}
    mt.step("Convert", inputs=inputs, outputs=outputs)(convert)(files[0], files[1])
    assert events(store) == [
        (DECLARED_INPUT, ("source",), "DataSet"),
        (DECLARED_OUTPUT, ("return",), "Model"),
        (DECLARED_OUTPUT, ("target",), "Model"),
    ]


def test_a_marker_beside_the_function_replaces_its_annotation(
    store: Store, files: list[str]
) -> None:
    def load(path: Annotated[str, mt.Input(DataSet)]) -> None: ...

    mt.step("Load", inputs={"path": mt.Input(Model)})(load)(files[0])
    assert events(store) == [(DECLARED_INPUT, ("path",), "Model")]


def test_a_marker_beside_a_function_that_takes_any_keyword_is_accepted(
    store: Store, files: list[str]
) -> None:
    def load(**options: str) -> None: ...

    mt.step("Load", inputs={"path": mt.Input(DataSet)})(load)(path=files[0], other="x")
    assert events(store) == [(DECLARED_INPUT, ("path",), "DataSet")]
    assert parameters(store) == {"other": "x"}


def test_an_alias_in_text_form_is_read(store: Store, files: list[str]) -> None:
    train_data = Annotated[str, mt.Input(DataSet, split="train")]

    @mt.step
    def load(path: train_data) -> None: ...

    assert load.__annotations__["path"] == "train_data"
    load(files[0])
    assert events(store) == [(DECLARED_INPUT, ("path",), "DataSet")]


def test_a_method_may_name_what_is_local_to_the_function_around_its_class(
    store: Store, files: list[str]
) -> None:
    class Local(mt.Artifact):
        name: str

    class Pipeline:
        class Inner(mt.Artifact):
            name: str

        @mt.step
        def load(
            self,
            path: Annotated[str, mt.Input(Local)],
            other: Annotated[str, mt.Input(Inner)],
        ) -> None: ...

    Pipeline().load(files[0], files[1])
    assert [kind for _, _, kind in events(store)] == ["Local", "Inner"]


def test_names_of_the_decorating_place_do_not_hide_those_of_the_functions_module(
    store: Store, files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "from __future__ import annotations\n"
        "from typing import Annotated\n"
        "import mlmeta_track as mt\n"
        "class Theirs(mt.Artifact):\n"
        "    name: str\n"
        "def load(path: Annotated[str, mt.Input(Theirs)]): ...\n"
    )
    (tmp_path / "module_of_theirs.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from module_of_theirs import load  # type: ignore[import-not-found]

    Theirs = DataSet  # noqa: F841, N806 - must not be found
    mt.step(load)(files[0])
    assert events(store) == [(DECLARED_INPUT, ("path",), "Theirs")]


def test_an_annotation_that_cannot_be_read_and_is_none_of_ours_does_no_harm(store: Store) -> None:
    @mt.step
    def load(x: NoSuchName, y: 1 / 0) -> None: ...  # type: ignore[name-defined, valid-type]  # noqa: F821

    load(1, 2)
    assert parameters(store) == {"x": 1, "y": 2}


# Undeclared.


def test_a_value_that_a_plugin_knows_is_an_input(store: Store) -> None:
    @mt.step
    def use(table: Table) -> None: ...

    use(Table("x"))
    assert events(store) == [(INPUT, ("table",), "Table")]
    assert parameters(store) == {}


def test_values_in_a_list_or_dict_have_their_place_in_the_path(store: Store) -> None:
    @mt.step
    def use(tables: list[Table], named: dict[str, Table], *more: Table, **rest: Table) -> None: ...

    t = [Table(str(i)) for i in range(5)]
    use([t[0], t[1]], {"n": t[2]}, t[3], last=t[4])
    assert [(kind, path) for kind, path, _ in events(store)] == [
        (INPUT, ("tables", 0)),
        (INPUT, ("tables", 1)),
        (INPUT, ("named", "n")),
        (INPUT, ("more", 0)),
        (INPUT, ("last",)),
    ]


def test_values_that_a_plugin_knows_are_found_among_others(store: Store) -> None:
    @mt.step
    def use(mixed: list[object]) -> None: ...

    use([1, Table("x"), "s", None, object()])
    assert events(store) == [(INPUT, ("mixed", 1), "Table")]


def test_a_dict_with_odd_keys_gets_indexes_in_the_path(store: Store) -> None:
    @mt.step
    def use(tables: dict[object, Table]) -> None: ...

    use({(1, 2): Table("x"), "k\0": Table("y")})
    assert [path for _, path, _ in events(store)] == [("tables", 0), ("tables", "k\\0")]


def test_what_is_returned_is_an_output(store: Store) -> None:
    @mt.step
    def make() -> Table:
        return Table("x")

    make()
    assert events(store) == [(OUTPUT, ("return",), "Table")]


def test_what_is_returned_in_a_tuple_or_dict_has_its_place_in_the_path(store: Store) -> None:
    @mt.step
    def make() -> object:
        return {"train": Table("x"), "score": 0.5, "eval": Table("y")}

    make()
    assert [path for _, path, _ in events(store)] == [("return", "train"), ("return", "eval")]


def test_what_a_coroutine_returns_is_an_output(store: Store) -> None:
    import asyncio

    @mt.step
    async def make() -> Table:
        return Table("x")

    asyncio.run(make())
    assert events(store) == [(OUTPUT, ("return",), "Table")]


def test_what_one_step_returns_is_the_input_of_the_next(store: Store) -> None:
    @mt.step
    def make() -> Table:
        return Table("x")

    @mt.step
    def use(table: Table) -> None: ...

    use(make())
    assert len(store.list_nodes(Artifact)) == 1


def test_a_default_is_recorded_as_if_given(store: Store) -> None:
    @mt.step
    def train(rate: float = 0.1, *, epochs: int = 3) -> None: ...

    train()
    assert parameters(store) == {"rate": 0.1, "epochs": 3}


def test_self_is_not_recorded(store: Store) -> None:
    class Trainer:
        @mt.step
        def train(self, x: int) -> None: ...

        @mt.step
        @classmethod
        def make(cls, x: int) -> None: ...

    Trainer().train(1)
    assert parameters(store) == {"x": 1}


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 10_000, "ünï", ""])
def test_any_keyword_can_be_recorded(store: Store, name: str) -> None:
    @mt.step
    def take(**rest: int) -> int:
        return rest[name]

    assert take(**{name: 7}) == 7
    assert list(parameters(store).values()) == [7]


# What must not be done to arguments.


def test_an_iterator_is_not_advanced(store: Store) -> None:
    @mt.step
    def consume(items: Iterator[int], more: Any) -> tuple[list[int], list[int]]:
        return list(items), list(more)

    assert consume(iter([1, 2]), (i for i in range(3))) == ([1, 2], [0, 1, 2])


def test_a_returned_iterator_is_not_advanced(store: Store) -> None:
    @mt.step
    def make() -> Iterator[int]:
        return iter([1, 2])

    assert list(make()) == [1, 2]


class Evil:
    """Raises at everything that may be asked of it, except what Python needs to pass it along."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemError(name)

    def __eq__(self, other: object) -> bool:
        raise SystemError("eq")

    def __hash__(self) -> int:
        raise SystemError("hash")

    def __len__(self) -> int:
        raise SystemError("len")

    def __bool__(self) -> bool:
        raise SystemError("bool")

    def __iter__(self) -> Any:
        raise SystemError("iter")

    def __repr__(self) -> str:
        raise SystemError("repr")

    def __str__(self) -> str:
        raise SystemError("str")


class EvilList(list[int]):
    def __iter__(self) -> Any:
        raise SystemError("iter")

    def __getitem__(self, index: Any) -> Any:
        raise SystemError("getitem")

    def __len__(self) -> int:
        raise SystemError("len")


ODD: dict[str, Any] = {
    "an object that raises at everything": Evil(),
    "a list of such": [Evil(), Evil()],
    "a dict of such": {"a": Evil()},
    "a list that raises at everything": EvilList([1]),
    "an empty list": [],
    "a class": Evil,
    "a function": len,
    "a huge integer": 10**5_000,
    "NaN": float("nan"),
    "bytes": b"\xff",
    "text that no store can hold": "a\0\ud800",
    "long text": "x" * 2**20,
    "a set": {1, 2},
    "an iterator": iter([]),
}
ODD["a list that is in itself"] = [1]
ODD["a list that is in itself"].append(ODD["a list that is in itself"])
ODD["a dict that is in itself"] = {}
ODD["a dict that is in itself"]["self"] = ODD["a dict that is in itself"]
thousandfold: list[object] = []
thousandfold += [thousandfold] * 1_000
ODD["a list that is a thousand times in itself"] = thousandfold


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_value_reaches_the_function_and_comes_back(store: Store, kind: str) -> None:
    value = ODD[kind]

    @mt.step
    def work(value: object, *, other: object) -> object:
        return value

    assert work(value, other=value) is value
    assert len(store.list_nodes(Execution)) == 1


def test_a_list_of_ten_million_numbers_is_not_gone_through(store: Store) -> None:
    asked = 0

    class Counting(list[int]):
        def __iter__(self) -> Iterator[int]:
            nonlocal asked
            for item in super().__iter__():
                asked += 1
                yield item

    @mt.step
    def work(value: list[int]) -> None: ...

    work(Counting([7] * 10_000_000))
    assert asked < 5_000
    assert str(parameters(store)["value"]).endswith("… (cut, 10000000 items)")


def test_a_long_list_of_objects_is_not_gone_through(store: Store) -> None:
    asked = []

    class Counting:
        @hookimpl
        def describe_artifact(self, value: Any) -> None:
            asked.append(value)

    plugin = Counting()
    hooks.register(plugin)
    try:
        mt.step(len)([Table(str(i)) for i in range(5_000)])
    finally:
        hooks.unregister(plugin)
    assert len(asked) <= 1_000
