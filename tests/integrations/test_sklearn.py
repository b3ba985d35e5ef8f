"""Estimators record what they learned from; a model is known from memory to file and back."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from mlmeta_track_sklearn import content, plugin
from mlmeta_track_sklearn import describe as described

import mlmeta_track as mt
from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store
from mlmeta_track.testing.integration_suite import IntegrationSuite, Sample
from mlmeta_track.tracking import instrument
from mlmeta_track.tracking.wrappers import Tracked

np: Any = pytest.importorskip("numpy")
pd: Any = pytest.importorskip("pandas")
joblib: Any = pytest.importorskip("joblib")
pytest.importorskip("sklearn")

from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402
from sklearn.datasets import load_iris  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.feature_extraction.text import CountVectorizer  # noqa: E402
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.naive_bayes import GaussianNB  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402
from sklearn.pipeline import Pipeline, make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import SVC  # noqa: E402
from sklearn.tree import DecisionTreeClassifier  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Have the plugin in use, installed or not."""
    is_ours = "sklearn" not in hooks.names()
    if is_ours:
        hooks.register(plugin, "sklearn")
    yield
    if is_ours:
        hooks.unregister(plugin)


@pytest.fixture
def tracked(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store, while ``autotrack("sklearn")`` is on."""
    monkeypatch.setattr(instrument, "_instrumentors", {})
    mt.autotrack("sklearn")
    yield store
    mt.untrack("sklearn")


@pytest.fixture(scope="module")
def iris() -> tuple[Any, Any]:
    """150 real flowers: a frame of four measures, and their kinds."""
    data = load_iris(return_X_y=True, as_frame=True)
    return data[0], data[1]


class TestConformance(IntegrationSuite):
    plugin = "mlmeta_track_sklearn.plugin"
    name = "sklearn"
    heavy = ("joblib", "numpy", "pandas", "scipy")

    @pytest.fixture
    def sample(self, iris: tuple[Any, Any]) -> Sample:
        return Sample("naive_bayes.GaussianNB.fit", (GaussianNB(), *iris), type_name="sklearn.fit")

    @pytest.fixture
    def failing(self, iris: tuple[Any, Any]) -> Sample:
        return Sample("naive_bayes.GaussianNB.fit", (GaussianNB(), iris[0], [1]))

    def same(self, first: Any, second: Any) -> bool:
        return bool((first.theta_ == second.theta_).all())


class Majority(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn comes without types
    """An estimator of the user's own."""

    def __init__(self, default: str = "none") -> None:
        self.default = default

    def fit(self, X: Any, y: Any) -> Majority:  # noqa: N803 - scikit-learn's names
        kinds, counts = np.unique(y, return_counts=True)
        self.most_ = kinds[counts.argmax()]
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        return np.full(len(X), self.most_)


def only(store: Store) -> Execution:
    (execution,) = store.list_nodes(Execution)
    return execution


def events(store: Store, execution: Execution) -> list[tuple[str, tuple[str | int, ...], str]]:
    """The events of an execution: direction, path, and the artifact's type."""
    types = {artifact.id: artifact.type for artifact in store.list_nodes(Artifact)}
    words = {EventType.INPUT: "in", EventType.OUTPUT: "out"}
    found = store.get_events_by_execution_ids([execution.id])
    return [(words[event.type], event.path, types[event.artifact_id]) for event in found]


def facts(node: Execution | Artifact) -> dict[str, Any]:
    found = node.custom_properties.items()
    return {name: value for name, value in found if not name.startswith("mlmeta_")}


def fingerprint(estimator: Any) -> str | None:
    return described.describe_model(estimator).fingerprint


# What is recorded.


def test_a_fit_makes_a_model_from_data_and_parameters(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    model = LogisticRegression(C=0.5, max_iter=200)
    assert model.fit(*iris) is model
    fit = only(tracked)
    assert fit.type == "sklearn.fit"
    assert events(tracked, fit) == [
        ("in", ("X",), "DataSet"),
        ("in", ("y",), "DataSet"),
        ("out", ("model",), "Model"),
    ]
    recorded = facts(fit)
    assert recorded["estimator_name"] == "LogisticRegression"
    assert recorded["estimator_class"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert (recorded["C"], recorded["max_iter"], recorded["solver"]) == (0.5, 200, "lbfgs")
    measures, _, made = tracked.list_nodes(Artifact)
    assert facts(measures) == {"rows": 150, "columns": 4}
    assert facts(made) == {
        "estimator_name": "LogisticRegression",
        "estimator_class": "sklearn.linear_model._logistic.LogisticRegression",
        "features": 4,
        "classes": 3,
    }


@pytest.mark.parametrize("form", ["frame", "array", "list", "sparse"])
def test_training_data_is_recognised_in_every_form(
    tracked: Store, iris: tuple[Any, Any], form: str
) -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")
    measures = {
        "frame": lambda x: x,
        "array": lambda x: x.to_numpy(),
        "list": lambda x: x.to_numpy().tolist(),
        "sparse": lambda x: scipy_sparse.csr_matrix(x.to_numpy()),
    }[form](iris[0])
    SGDClassifier(max_iter=5, tol=None).fit(measures, iris[1].to_numpy())
    first, second, _ = tracked.list_nodes(Artifact)
    assert (first.custom_properties["rows"], second.custom_properties["rows"]) == (150, 150)
    assert [a.type for a in (first, second)] == ["DataSet", "DataSet"]


def test_texts_are_data(tracked: Store) -> None:
    CountVectorizer().fit_transform(["red wine", "white wine"])
    assert events(tracked, only(tracked)) == [
        ("in", ("raw_documents",), "DataSet"),
        ("out", ("model",), "Model"),
        ("out", ("transformed",), "DataSet"),
    ]


def test_what_is_returned_beside_the_model_is_an_output(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    StandardScaler().fit_transform(iris[0])
    KMeans(n_clusters=3, n_init=1).fit_predict(iris[0])
    scaled, clustered = tracked.list_nodes(Execution)
    assert [e.type for e in (scaled, clustered)] == ["sklearn.fit_transform", "sklearn.fit_predict"]
    assert events(tracked, scaled)[1:] == [
        ("out", ("model",), "Model"),
        ("out", ("transformed",), "DataSet"),
    ]
    assert events(tracked, clustered)[-1] == ("out", ("predictions",), "DataSet")


def test_scaled_data_leads_from_one_model_to_the_next(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    scaled = StandardScaler().fit_transform(iris[0])
    LogisticRegression().fit(scaled, iris[1])
    joblib.dump(LogisticRegression().fit(scaled, iris[1]), "model.joblib")
    graph = mt.lineage("model.joblib").upstream()
    assert [e.type for e in graph.executions] == ["sklearn.fit_transform", "sklearn.fit"]


@pytest.mark.parametrize("method", ["fit", "fit_predict"])
def test_a_pipeline_is_one_execution(tracked: Store, iris: tuple[Any, Any], method: str) -> None:
    pipeline = make_pipeline(StandardScaler(), KMeans(n_clusters=3, n_init=1))
    getattr(pipeline, method)(iris[0])
    fit = only(tracked)
    assert fit.type == f"sklearn.{method}"
    assert facts(fit)["steps"] == '{"standardscaler": "StandardScaler", "kmeans": "KMeans"}'
    assert facts(fit)["estimator_name"] == "Pipeline"


def test_a_grid_search_is_one_execution_with_what_it_found(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 1]}, cv=3)
    search.fit(*iris)
    fit = only(tracked)
    found = facts(fit)
    assert found["best_score"] == search.best_score_
    assert found["best_params"] == f'{{"svc__C": {search.best_params_["svc__C"]}}}'
    assert found["estimator"] == "Pipeline"
    assert found["param_grid"] == '{"svc__C": [0.1, 1]}'


def test_threads_of_the_library_record_nothing_more(tracked: Store, iris: tuple[Any, Any]) -> None:
    class Twice(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Twice:  # noqa: N803
            self.inner_ = GaussianNB().fit(X, y)  # the user's code, in a thread of the library's
            self.classes_ = self.inner_.classes_
            return self

        def predict(self, X: Any) -> Any:  # noqa: N803
            return self.inner_.predict(X)

    with joblib.parallel_backend("threading", n_jobs=2):
        GridSearchCV(Twice(), {}, cv=3).fit(*iris)
    assert facts(only(tracked))["estimator_name"] == "GridSearchCV"


def test_threads_of_the_user_record_their_calls(tracked: Store, iris: tuple[Any, Any]) -> None:
    threads = [threading.Thread(target=GaussianNB().fit, args=iris) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tracked.list_nodes(Execution)) == 4


def test_training_that_goes_on_has_the_model_as_an_input(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    forest = RandomForestClassifier(n_estimators=2, warm_start=True).fit(*iris)
    forest.set_params(n_estimators=4).fit(*iris)
    # A parameter was changed between the two, and is part of a model.
    assert len(tracked.get_by_type(Execution, "in-place edit")) == 1
    again = tracked.get_by_type(Execution, "sklearn.fit")[1]
    assert events(tracked, again)[0] == ("in", ("model",), "Model")
    GaussianNB().fit(*iris).fit(*iris)  # which begins anew
    assert ("in", ("model",), "Model") not in events(tracked, tracked.list_nodes(Execution)[-1])


def test_a_fit_that_fails_is_recorded_as_failed_and_made_nothing(tracked: Store) -> None:
    with pytest.raises(ValueError, match="inconsistent"):
        GaussianNB().fit([[1.0], [2.0]], [1])
    fit = only(tracked)
    assert fit.last_known_state is ExecutionState.FAILED
    assert [direction for direction, *_ in events(tracked, fit)] == ["in", "in"]


def test_wrong_arguments_are_the_estimators_to_refuse(tracked: Store) -> None:
    with pytest.raises(TypeError, match="argument"):
        GaussianNB().fit()
    assert not tracked.list_nodes(Execution)


# Estimators of others.


def test_an_estimator_of_the_users_own_is_tracked(tracked: Store, iris: tuple[Any, Any]) -> None:
    class Later(Majority):
        def fit(self, X: Any, y: Any) -> Later:  # noqa: N803
            super().fit(X, y)
            return self

    Majority(default="x").fit(*iris)
    Later().fit(*iris)
    first, second = tracked.list_nodes(Execution)
    assert facts(first)["default"] == "x"
    assert facts(second)["estimator_name"] == "Later"


def test_a_fit_that_comes_from_beside_is_tracked(tracked: Store, iris: tuple[Any, Any]) -> None:
    class Fits:
        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: N803
            self.mean = X.to_numpy().mean()
            return self

    class Mean(Fits, BaseEstimator):  # type: ignore[misc]
        pass

    model = Mean().fit(iris[0])
    assert facts(only(tracked))["estimator_name"] == "Mean"
    mt.untrack("sklearn")
    assert inspect.isfunction(inspect.getattr_static(Fits, "fit"))
    assert not isinstance(inspect.getattr_static(Fits, "fit"), Tracked)
    assert "fit" not in vars(Mean)
    assert described.describe(model) is not None  # it has learned something


def test_what_another_class_does_to_new_classes_is_done_before_and_stays(tracked: Store) -> None:
    made: list[str] = []

    class Registered(BaseEstimator):  # type: ignore[misc]
        def __init_subclass__(cls, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            made.append(cls.__name__)

    class One(Registered):
        def fit(self, X: Any) -> Any:  # noqa: N803
            return self

    assert made == ["One"]
    mt.untrack("sklearn")
    assert "__init_subclass__" not in vars(BaseEstimator)
    assert not isinstance(inspect.getattr_static(One, "fit"), Tracked)


def test_a_transformer_of_the_users_own_is_tracked_and_gets_its_methods_back(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    class Doubles(TransformerMixin, BaseEstimator):  # type: ignore[misc]
        def fit_transform(self, X: Any, y: Any = None) -> Any:  # noqa: N803
            self.n_ = len(X)
            return self.transform(X)

        def transform(self, X: Any) -> Any:  # noqa: N803
            return np.asarray(X) * 2

        def get_feature_names_out(self, names: Any = None) -> Any:
            return np.array(["a", "b", "c", "d"])

    doubled = Doubles().set_output(transform="pandas").fit_transform(iris[0])
    assert list(doubled.columns) == ["a", "b", "c", "d"]
    assert only(tracked).type == "sklearn.fit_transform"
    assert isinstance(inspect.getattr_static(Doubles, "fit_transform"), Tracked)
    mt.untrack("sklearn")
    assert inspect.isfunction(vars(Doubles)["fit_transform"])
    assert not isinstance(vars(Doubles)["fit_transform"], Tracked)
    assert not isinstance(vars(Doubles)["fit_transform"].__wrapped__, Tracked)


@pytest.mark.filterwarnings("ignore")  # of checks that this machine has no library for
def test_scikit_learns_own_checks_pass(tracked: Store) -> None:
    with mt.suppress():
        check_estimator(GaussianNB())
        check_estimator(StandardScaler())


def test_switching_off_restores_the_very_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instrument, "_instrumentors", {})
    classes = [GaussianNB, Pipeline, GridSearchCV, StandardScaler, KMeans, Majority, BaseEstimator]
    classes += [base for kind in classes for base in kind.__mro__[:-1]]
    before = [dict(vars(kind)) for kind in classes]
    mt.autotrack("sklearn", "sklearn.predict", "sklearn.transform")
    assert isinstance(inspect.getattr_static(GaussianNB, "predict"), Tracked) or "predict" not in (
        vars(GaussianNB)
    )
    mt.untrack("sklearn")
    for kind, names in zip(classes, before, strict=True):
        assert {k: id(v) for k, v in vars(kind).items()} == {k: id(v) for k, v in names.items()}


def test_estimators_are_what_they_were_to_whoever_looks(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    model = LogisticRegression(C=2.0, max_iter=1_000).fit(*iris)
    assert list(inspect.signature(model.fit).parameters) == ["X", "y", "sample_weight"]
    assert inspect.getsource(LogisticRegression.fit)
    assert clone(model).get_params() == model.get_params()
    assert isinstance(model, LogisticRegression)
    assert set(vars(model)) == set(vars(pickle.loads(pickle.dumps(model))))
    assert (copy.deepcopy(model).coef_ == model.coef_).all()
    assert pickle.loads(pickle.dumps(LogisticRegression.fit)) is not None
    bound = pickle.loads(pickle.dumps(model.fit))
    assert (bound(*iris).coef_ == model.coef_).all()
    plain = make_pipeline(StandardScaler(), GaussianNB())
    assert not hasattr(plain, "fit_predict")  # as its last step cannot
    assert not hasattr(KNeighborsClassifier(), "fit_predict")


def test_frames_stay_frames_where_they_are_asked_for(tracked: Store, iris: tuple[Any, Any]) -> None:
    scaled = StandardScaler().set_output(transform="pandas").fit_transform(iris[0])
    assert type(scaled) is pd.DataFrame
    assert events(tracked, only(tracked))[-1] == ("out", ("transformed",), "DataSet")


SCRIPT = """
import sys
import mlmeta_track as mt
mt.init(sys.argv[1], strict=True)
mt.autotrack("sklearn")
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

class Own(ClassifierMixin, BaseEstimator):
    def __init__(self, kind=0):
        self.kind = kind
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self
    def predict(self, X):
        return np.full(len(X), self.kind)

class Child(Own):
    def fit(self, X, y):
        return super().fit(X, y)

if __name__ == "__main__":
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(Child(), {"kind": [0, 1]}, cv=3, n_jobs=2).fit(X, y)
    import cloudpickle, dill, pickle
    sent = cloudpickle.dumps(search), dill.dumps(search)
    sys.stdout.buffer.write(pickle.dumps(sent))
"""

ARRIVING = """
import sys, pickle
sys.modules["mlmeta_track"] = None  # is not installed where it arrives
found = pickle.loads(sys.stdin.buffer.read())
print(type(found.best_estimator_.fit([[1]], [1])).__name__)
"""


def test_estimators_of_a_script_go_to_other_processes(tmp_path: Path, store_url: str) -> None:
    pytest.importorskip("cloudpickle")
    pytest.importorskip("dill")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "script.py", store_url]
    sent = pickle.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    for pickled in sent:
        assert b"mlmeta_track" not in pickled
        assert b"resolve_name" not in pickled  # which finds no class of a script anywhere else
    # What an old dill writes on a new Python it cannot read, tracked or not.
    arrived = subprocess.run(
        [sys.executable, "-c", ARRIVING], input=sent[0], check=True, capture_output=True
    )
    assert arrived.stdout.decode().strip() == "Child"
    mt.init(store_url)
    assert facts(only(mt.get_store()))["estimator_name"] == "GridSearchCV"


# On request.


def test_what_a_model_is_used_for_is_recorded_on_request(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    model = GaussianNB().fit(*iris)
    model.predict(iris[0])
    assert len(tracked.list_nodes(Execution)) == 1
    mt.autotrack("sklearn.predict", "sklearn.score")
    model.predict(iris[0])
    score = model.score(*iris)
    model.predict_proba(iris[0])
    _, predicted, scored = tracked.list_nodes(Execution)
    assert predicted.type == "sklearn.predict"
    assert events(tracked, predicted) == [
        ("in", ("model",), "Model"),
        ("in", ("X",), "DataSet"),
        ("out", ("predictions",), "DataSet"),
    ]
    assert scored.type == "sklearn.score"
    assert facts(scored)["score"] == score
    assert len([a for a in tracked.list_nodes(Artifact) if a.type == "Model"]) == 1


def test_batches_are_recorded_on_request(tracked: Store, iris: tuple[Any, Any]) -> None:
    mt.autotrack("sklearn.partial_fit")
    model = GaussianNB()
    for _ in range(2):
        model.partial_fit(*iris, classes=[0, 1, 2])
    first, second = tracked.list_nodes(Execution)
    assert ("in", ("model",), "Model") not in events(tracked, first)
    assert events(tracked, second)[0] == ("in", ("model",), "Model")


def test_a_request_ends_when_tracking_is_switched_off(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    mt.autotrack("sklearn.predict")
    mt.untrack("sklearn")
    mt.autotrack("sklearn")
    with mt.suppress():
        model = GaussianNB().fit(*iris)
    model.predict(iris[0])
    assert not tracked.list_nodes(Execution)


def test_a_request_for_what_is_not_there_is_refused_with_what_is(store: Store) -> None:
    with pytest.raises(InvalidArgumentError, match=r"sklearn\.predict_proba"):
        mt.autotrack("sklearn.prdict")
    with pytest.raises(InvalidArgumentError, match="installed are"):
        mt.untrack("sklearn.predict")


# Models in files.


def test_a_model_is_the_same_from_fit_to_file_and_back(
    tracked: Store, iris: tuple[Any, Any], tmp_path: Path
) -> None:
    model = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=3)).fit(*iris)
    assert joblib.dump(model, "model.joblib", compress=3) == ["model.joblib"]
    mt.autotrack("sklearn.predict")
    joblib.load("model.joblib").predict(iris[0])
    fitted, dumped, loaded, predicted = tracked.list_nodes(Execution)
    assert (dumped.type, loaded.type) == ("joblib.dump", "joblib.load")
    assert facts(dumped) == {"compress": 3}
    (made,) = [a for a in tracked.list_nodes(Artifact) if a.type == "Model"]
    assert made.uri == str(tmp_path / "model.joblib")
    assert [e.type for e in mt.lineage("model.joblib").upstream().executions] == [fitted.type]
    assert predicted.type in [e.type for e in mt.lineage(made).downstream().executions]


def test_a_model_is_found_again_in_another_process(
    tracked: Store, iris: tuple[Any, Any], store_url: str
) -> None:
    joblib.dump(KNeighborsClassifier().fit(*iris), "model.joblib")
    code = (
        f"import mlmeta_track as mt; mt.init({store_url!r}, strict=True)\n"
        "mt.autotrack('sklearn', 'sklearn.predict')\n"
        "import joblib; joblib.load('model.joblib').predict([[1.0, 2.0, 3.0, 4.0]])"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
    (predicted,) = tracked.get_by_type(Execution, "sklearn.predict")
    upstream = mt.lineage(predicted).upstream()
    assert [e.type for e in upstream.executions] == ["sklearn.fit", "sklearn.predict"]


def test_of_several_models_in_one_file_none_is_said_to_be_it(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    models = {"a": GaussianNB().fit(*iris), "b": DecisionTreeClassifier().fit(*iris)}
    joblib.dump(models, "models.joblib")
    assert list(joblib.load("models.joblib")) == ["a", "b"]
    (dumped,) = tracked.get_by_type(Execution, "joblib.dump")
    assert [path for _, path, _ in events(tracked, dumped)] == [("model", "a"), ("model", "b")]
    assert {a.uri for a in tracked.list_nodes(Artifact)} == {None}


# Content.


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=1_000),
        DecisionTreeClassifier(),
        RandomForestClassifier(n_estimators=3),
        KNeighborsClassifier(algorithm="kd_tree"),
        SVC(),
        GridSearchCV(make_pipeline(StandardScaler(), GaussianNB()), {}, cv=2),
        Majority(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_a_models_fingerprint_is_that_of_its_copy(
    estimator: Any, iris: tuple[Any, Any], tmp_path: Path
) -> None:
    model = clone(estimator).fit(*iris)
    joblib.dump(model, tmp_path / "model")
    found = fingerprint(model)
    assert str(found).startswith("model-sha256:")
    assert fingerprint(pickle.loads(pickle.dumps(model))) == found
    assert fingerprint(joblib.load(tmp_path / "model")) == found
    assert fingerprint(clone(estimator).fit(iris[0][60:], iris[1][60:])) != found


def test_a_models_fingerprint_is_the_same_in_another_process(
    iris: tuple[Any, Any], tmp_path: Path
) -> None:
    model = GaussianNB().fit([[1.0], [2.0]], [1, 2])
    model.words_ = frozenset({"a", "the", "of"})
    joblib.dump(model, tmp_path / "model")
    code = (
        "import joblib; from mlmeta_track_sklearn.describe import describe\n"
        "print(describe(joblib.load('model')).fingerprint)"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )
    assert answer.stdout.strip() == fingerprint(model)


@pytest.mark.parametrize(
    "other",
    [
        np.array([[1, 2], [3, 5]]),
        np.array([[1, 2], [3, 4]], dtype="int32"),
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        np.array([1, 2, 3, 4]),
        np.array([["1", "2"], ["3", "4"]]),
        np.array([[1, 2], [3, 4]], dtype=object),
        np.ma.array([[1, 2], [3, 4]], mask=[[0, 0], [0, 1]]),
    ],
)
def test_whatever_differs_in_arrays_shows(other: Any) -> None:
    def found(array: Any) -> str | None:
        return content.fingerprint(array, "array")

    array = np.array([[1, 2], [3, 4]])
    assert found(other) != found(array)
    assert found(array.copy(order="F")) == found(array[:, ::-1][:, ::-1]) == found(array)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.zeros(3, dtype="U0"),
        np.array(["2026-01-01"], dtype="datetime64[D]"),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array(["x", None, 1], dtype=object),
        np.zeros((2, 3, 4)),
    ],
)
def test_odd_arrays_are_described(array: Any) -> None:
    found = described.describe(array)
    assert found is not None
    assert found.fingerprint is not None
    assert found.custom_properties["rows"] == len(array)


@pytest.mark.parametrize("shape", [(10_000,), (100, 100), (2, 5_000), (1, 1, 10_000)])
def test_large_arrays_are_sampled_and_say_so(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    monkeypatch.setattr(content, "MOST_BYTES", 1_000)
    monkeypatch.setattr(content, "_SAMPLE_BYTES", 1_000)
    array = np.arange(10_000).reshape(shape)
    sampled = content.fingerprint(array, "array")
    assert str(sampled).startswith("sampled-array-sha256:")
    changed = array.copy()
    changed.flat[-1] = 0
    assert content.fingerprint(changed, "array") != sampled
    assert content.fingerprint(array.copy(), "array") == sampled


def test_what_cannot_be_pickled_has_no_fingerprint_and_is_still_known(
    tracked: Store, iris: tuple[Any, Any]
) -> None:
    model = GaussianNB().fit(*iris)
    model.odd_ = lambda: None
    assert fingerprint(model) is None


def test_what_fails_when_it_is_looked_at_is_no_artifact_and_the_plugin_stays() -> None:
    class Odd(np.ndarray):  # type: ignore[misc]
        @property
        def shape(self) -> Any:
            raise RuntimeError("do not ask")

    assert described.describe(np.zeros(3).view(Odd)) is None


def test_an_estimator_that_learned_nothing_is_no_model(iris: tuple[Any, Any]) -> None:
    for estimator in (GaussianNB(), make_pipeline(StandardScaler(), GaussianNB()), Majority()):
        assert described.describe(estimator) is None
        assert described.describe(clone(estimator).fit(*iris)) is not None


def test_a_step_takes_and_returns_arrays_and_models(store: Store, iris: tuple[Any, Any]) -> None:
    @mt.step
    def train(measures: Any) -> Any:
        return LinearRegression().fit(measures, measures[:, 0])

    train(iris[0].to_numpy())
    assert [a.type for a in store.list_nodes(Artifact)] == ["DataSet", "Model"]


class Measures(mt.Artifact):
    """Measures of flowers."""

    unit: str


def all_events(store: Store) -> list[tuple[str, EventType, EventPath]]:
    """What each execution took and made, in the order in which they were recorded."""
    return [
        (execution.type, event.type, event.path)
        for execution in store.list_nodes(Execution)
        for event in store.get_events_by_execution_ids([execution.id])
    ]


def test_a_small_array_is_a_parameter_of_a_step_as_a_list_is(store: Store) -> None:
    @mt.step
    def search(grid: Any, bounds: Any, large: Any) -> None: ...

    search(np.array([0.1, 1.0]), [np.array([0, 1]), np.array([2])], np.arange(101))
    (execution,) = store.list_nodes(Execution)
    assert execution.custom_properties["grid"] == "[0.1, 1.0]"
    assert execution.custom_properties["bounds"] == "[[0, 1], [2]]"
    assert all_events(store) == [("search", EventType.INPUT, ("large",))]


def test_a_small_array_that_a_step_made_is_data_of_the_next(store: Store) -> None:
    @mt.step
    def make() -> Any:
        return np.array([1, 2, 3])

    @mt.step
    def use(first: Any, second: Any) -> None: ...

    use(make(), second=np.array([4]))
    assert all_events(store) == [
        ("make", EventType.OUTPUT, ("return",)),
        ("use", EventType.INPUT, ("first",)),
    ]
    assert len(store.list_nodes(Artifact)) == 1


def test_a_small_array_is_data_where_a_model_is_made_of_it_or_where_it_is_declared(
    store: Store,
) -> None:
    @mt.step
    def train(measures: Any) -> Any:
        return LinearRegression().fit(measures, measures[:, 0])

    @mt.step
    def look(measures: Annotated[Any, mt.Input(Measures)]) -> None: ...

    train(np.array([[1.0], [2.0]]))
    look(np.array([[3.0]]))
    assert set(all_events(store)) == {
        ("train", EventType.INPUT, ("measures",)),
        ("train", EventType.OUTPUT, ("return",)),
        ("look", EventType.DECLARED_INPUT, ("measures",)),
    }


def test_loading_the_plugin_imports_neither_sklearn_nor_numpy() -> None:
    code = (
        "import sys, mlmeta_track_sklearn.plugin; assert not {'sklearn', 'numpy'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
