from __future__ import annotations

import subprocess
import sys

import mlmeta_track as mt
from mlmeta_track import errors

HEAVY = ("sqlalchemy", "tensorflow", "pandas", "numpy", "grpc", "click", "lark")


def test_import_brings_nothing_heavy() -> None:
    code = f"import sys, mlmeta_track; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_documented() -> None:
    assert [name for name in mt.__all__ if not getattr(mt, name).__doc__] == []


def test_every_error_has_the_one_root() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    assert all(issubclass(c, mt.MlmetaTrackError) for c in classes)


def test_errors_know_the_status_codes_of_mlmd() -> None:
    codes = {
        errors.InvalidArgumentError: 3,
        errors.NotFoundError: 5,
        errors.AlreadyExistsError: 6,
        errors.FailedPreconditionError: 9,
        errors.AbortedError: 10,
        errors.InternalError: 13,
        errors.UnavailableError: 14,
    }
    assert {error: error.status_code for error in codes} == codes


def test_subclasses_have_the_code_of_what_they_are() -> None:
    assert errors.TypeConflictError.status_code == errors.AlreadyExistsError.status_code
    assert errors.SettingsError.status_code == errors.InvalidArgumentError.status_code
