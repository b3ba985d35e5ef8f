from __future__ import annotations

import pytest

from mlmeta_track.tracking.redaction.words import is_secret_name, listed, says_nothing, words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dbPassword2", ("db", "password")),
        ("AWS_SECRET_ACCESS_KEY", ("aws", "secret", "access", "key")),
        ("OpenAIAPIKey", ("open", "aiapi", "key")),
        ("--api-key", ("api", "key")),
        ("db.users[0].pwd", ("db", "users", "pwd")),
        ("42", ()),
    ],
)
def test_a_name_is_told_by_its_words(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    "name",
    sorted(
        listed(
            """
    password db_password dbPassword PGPASSWORD MYSQL_PWD pwd passphrase clientSecret client_secret
    secret_id AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN api_key apikey apiKey X-Api-Key OPENAI_API_KEY
    AccountKey SharedAccessKey private_key privateKey hf_token token auth_token access_tokens
    DB_PASS smtp_pass auth http_auth Authorization Cookie jwt bearer otp credentials fernet_key
    SharedAccessSignature auth_header OpenAIAPIKey
                """
        )
    ),
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    sorted(
        listed(
            """
    use_cls_token pad_token eos_token next_page_token num_tokens max_tokens token_count tokenizer
    password_column pwd_field secret_name secret_arn key primary_key partition_key public_key
    cache_key keyboard monkey author authenticated first_pass bypass passenger passengers
    kms_key_id AWS_ACCESS_KEY_ID token_type password_policy api_key_id compass x 1
                """
        )
    ),
)
def test_names_of_what_is_no_secret(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("", "password"),
        ("True", "use_auth_token"),
        ("none", "api_key"),
        ("***", "password"),
        ("(left out)", "token"),
        ("512", "token"),
        ("${DB_PASSWORD}", "password"),
        ("[CLS]", "token"),
        ("<|endoftext|>", "token"),
        ("/srv/me", "PWD"),
    ],
)
def test_values_that_are_no_secret_whatever_their_name(value: str, name: str) -> None:
    assert says_nothing(value, name)


@pytest.mark.parametrize(
    ("value", "name"), [("12345678", "password"), ("hunter2", "token"), ("hunter2", "PWD")]
)
def test_values_that_may_be_secrets(value: str, name: str) -> None:
    assert not says_nothing(value, name)
