from __future__ import annotations

from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.errors import SettingsError
from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.instrument import without_secrets
from mlmeta_track.tracking.redaction import rules
from mlmeta_track.tracking.settings import resolve


def recorded(url: str, **settings: Any) -> dict[str, Any]:
    """What is recorded of some parameters."""
    mt.init(url, strict=True, **settings)
    with mt.step("s") as step:
        step.log_params({"api_key": "a", "patient_id": "b", "session_token": "c", "x": "ACME-77"})
    [execution] = mt.get_store().get_by_type(Execution, "s")
    return {
        name: execution.custom_properties[name]
        for name in ("api_key", "patient_id", "session_token", "x")
    }


def test_secrets_are_left_out_without_being_asked(store_url: str) -> None:
    assert list(recorded(store_url).values()) == ["***", "b", "***", "ACME-77"]


@pytest.mark.parametrize("off", [False, "off", "0"])
def test_redaction_can_be_switched_off(store_url: str, off: object) -> None:
    assert list(recorded(store_url, redact=off).values()) == ["a", "b", "c", "ACME-77"]


@pytest.mark.parametrize(
    "extra",
    [
        "patient_id, !session_token, /ACME-[0-9]{1,4}/",
        ["patient_id", "!session_token", "/ACME-[0-9]{1,4}/"],
    ],
)
def test_there_may_be_further_rules(store_url: str, extra: object) -> None:
    assert list(recorded(store_url, redact=extra).values()) == ["***", "***", "c", "***"]


def test_the_environment_says_the_same(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLMETA_TRACK_REDACT", "on, patient_id")
    assert recorded(store_url)["patient_id"] == "***"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("/(/", r"/\(/ is no regular expression"),
        ("/a*/", r"/a\*/ matches where nothing stands"),
        ("a=b", "'a=b' is none of on, off, a name, !name and /regular expression/"),
        (["x", 3], "it must be names separated by commas"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(value: object, said: str) -> None:
    with pytest.raises(SettingsError, match=f"redact cannot be .*: {said}"):
        resolve({"redact": value})


def test_installing_a_recorder_puts_its_rules_in_force(store_url: str) -> None:
    mt.init(store_url, redact="patient_id")
    assert rules.in_force() is recorder.current().rules
    mt.init(store_url)
    assert rules.in_force() == rules.Rules()


SIGNED = "https://b.s3.amazonaws.com/k.csv?X-Amz-Date={0}&X-Amz-Signature={0}"


def test_a_file_that_is_signed_anew_is_the_same_artifact(store_url: str) -> None:
    mt.init(store_url, strict=True)
    for signature in ("aaa", "bbb"):
        with mt.step("read") as step:
            step.input(SIGNED.format(signature))
    [artifact] = mt.get_store().get_by_type(Artifact, "DataSet")
    assert artifact.uri == "https://b.s3.amazonaws.com/k.csv?***"


def test_two_processes_meet_in_one_artifact_whoever_signed(store_url: str) -> None:
    ids = []
    for signature in ("aaa", "bbb"):
        mt.init(f"{store_url}.{signature}", strict=True)
        with mt.step("read") as step:
            step.input(SIGNED.format(signature))
        [artifact] = mt.get_store().get_by_type(Artifact, "DataSet")
        ids.append(artifact.external_id)
    assert ids[0] == ids[1]


def test_an_artifact_is_found_by_its_signed_url(store_url: str) -> None:
    mt.init(store_url, strict=True)
    with mt.step("read") as step:
        step.input(SIGNED.format("aaa"))
    [artifact] = mt.get_store().get_by_type(Artifact, "DataSet")
    assert mt.lineage(SIGNED.format("ccc")).node == artifact


def test_what_one_step_wrote_another_reads_under_a_fresh_signature(store_url: str) -> None:
    mt.init(store_url, strict=True)
    with mt.step("write") as step:
        step.output(SIGNED.format("aaa"))
    with mt.step("read") as step:
        step.input(SIGNED.format("bbb"))
    assert len(mt.get_store().get_by_type(Artifact, "DataSet")) == 1


def test_integrations_clean_by_the_rules_in_force(store_url: str) -> None:
    mt.init(store_url, redact="patient_id")
    assert without_secrets("patient_id=7a, password=b") == "patient_id=***, password=***"
