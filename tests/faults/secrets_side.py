"""The process in which secrets are planted wherever something is captured.

Its arguments are the store's URL, and then what is planted on the command line.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys

from pydantic import SecretStr

import mlmeta_track as mt
from tests.faults.planted import HARMLESS, SECRETS


def _texts(where: str) -> list[str]:
    return [planted.text for planted in SECRETS if planted.where == where]


def _named(where: str) -> dict[str, str]:
    return {name: value for name, _, value in (text.partition("=") for text in _texts(where))}


@mt.step
def connect(config: dict[str, str], secret: SecretStr, **parameters: str) -> None:
    """Take parameters of every kind."""


@mt.step
def used(environment: dict[str, str], arguments: list[str]) -> None:
    """Take what a program is started with."""


def _fail(text: str) -> None:
    try:
        raise ConnectionError(text)
    except ConnectionError as error:
        message = f"gave up: {text}"
        raise RuntimeError(message) from error


def main() -> None:
    """Plant everything."""
    logging.basicConfig(filename="everything.log", level=logging.DEBUG)
    mt.init(sys.argv[1], capture="payload", code="diff")
    notes = " ".join(_texts("note"))
    with mt.experiment("Secrets", note=notes), mt.run(*_texts("run")):
        [opaque] = _texts("opaque")
        connect(_named("mapping"), SecretStr(opaque), **_named("parameter"))
        used({name: os.environ[name] for name in _named("environment")}, sys.argv[2:])
        for text in _texts("exception"):
            with contextlib.suppress(RuntimeError), mt.step("fail"):
                _fail(text)
        with mt.step(*_texts("step")) as step:
            for uri in _texts("uri"):
                step.input(uri)
            for text in _texts("key"):
                step.log_params({text: 1, "nested": {text: 1}})
                step.input("data.csv", name=text)
            for text in _texts("log"):
                step.log_metrics({"loss": text})  # type: ignore[dict-item]
                step.guard.report("post", OSError(text))
        with mt.step("harmless") as step:
            step.log_params(HARMLESS)
            step.log_params({"all": HARMLESS})
    mt.flush(1)
