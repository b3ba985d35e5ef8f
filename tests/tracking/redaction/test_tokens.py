from __future__ import annotations

import pytest

from mlmeta_track.tracking.redaction.tokens import mask_tokens, may_have_tokens

WORD = "Zq7Lw9Xk2Vb4Nm8Rt3Yp"
HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"

# Put together here, so that nobody who looks for secrets finds one in this file.
FORMS = [
    "AKIA" + "QWERTZUIOPASDFGH",
    "ASIA" + "QWERTZUIOPASDFGH",
    "AIza" + f"{WORD}abcdefghijklmno",
    "ya29." + f"a0{WORD}",
    "GOCSPX-" + WORD,
    "abc8" + f"Q~{WORD}abcdefghijklmn",
    "dapi" + HEX,
    "dop_v1_" + HEX,
    *(f"gh{letter}_" + f"{WORD}abcdefghijklmnop" for letter in "pousr"),
    "github_pat_" + f"11ABCDEFG0{WORD}",
    "glpat-" + WORD,
    "npm_" + f"{WORD}abcdefghijklmnop",
    "pypi-Ag" + f"EIcHlwaS5vcmc{WORD}",
    "hvs." + f"CAES{WORD}",
    "sk-" + f"{WORD}{WORD}",
    "sk-proj-" + f"{WORD}_{WORD}",
    "sk-ant-" + f"api03-{WORD}",
    "hf_" + f"{WORD}abcdefghijklmn",
    "gsk_" + f"{WORD}{WORD}",
    "sk_live_" + WORD,
    "xoxb-" + f"123456789012-{WORD}",
    "SG." + f"{WORD}.{WORD}",
    "123456789:AA" + f"{WORD}abcdefghijklm",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NSJ9." + WORD,
    "eyJhcGlfYWRkcmVzcyI6" + f"{WORD}{WORD}{WORD}",
]


@pytest.mark.parametrize("secret", FORMS)
@pytest.mark.parametrize("text", ["{}", "it is {}.", r"'a\n{}\n'", "x={}&y"])
def test_a_key_is_known_by_its_form(secret: str, text: str) -> None:
    whole = text.replace("{}", secret)
    assert may_have_tokens(whole)
    masked = mask_tokens(whole)
    assert masked.startswith(text.partition("{}")[0] + "***")
    assert WORD[-8:] not in masked


@pytest.mark.parametrize(
    "text",
    [
        "3f2a9c1b7d5e8f60412233445566778899aabbcc",  # a commit
        "0190a0b0-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
        "sha256:" + "0123456789abcdef" * 4,
        "sk-learn-contrib/random-forest-classifier-v2",
        "task-0123456789abcdef0123456789abcdef",
        "disk-usage-monitor-of-the-whole-cluster",
        "eyJ is how they begin",
        "s3://bucket/AKIA/data.csv",
    ],
)
def test_what_only_looks_like_a_key_is_kept(text: str) -> None:
    assert mask_tokens(text) == text


def test_a_private_key_keeps_its_first_and_last_line() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----"
    expected = "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----"
    assert mask_tokens(f"a {key} b {key}") == f"a {expected} b {expected}"


def test_a_private_key_without_its_end_is_masked_to_the_end() -> None:
    text = "-----BEGIN PRIVATE KEY-----\nabc\ndef"
    assert mask_tokens(text) == "-----BEGIN PRIVATE KEY-----***"


def test_a_private_key_without_its_beginning_is_masked_from_the_start() -> None:
    text = "abc\ndef\n-----END PRIVATE KEY-----\nand so on"
    assert mask_tokens(text) == "***-----END PRIVATE KEY-----\nand so on"


def test_amazons_secret_key_is_known_beside_the_access_key() -> None:
    secret, commit = "wJalrXUtnFEMIK7MDENGbPxRfiCYzz9abcdefghi", "3f" * 20
    text = f"{'AKIA' + 'QWERTZUIOPASDFGH'} {secret} {commit}"
    assert mask_tokens(text) == f"*** *** {commit}"
    assert mask_tokens(f"{secret} {commit}") == f"{secret} {commit}"
