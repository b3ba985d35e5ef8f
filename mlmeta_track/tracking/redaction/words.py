"""Whether a name is a secret's: judged word by word, so that ``use_cls_token`` is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

MASK = "***"
"""What stands in place of a secret."""

_LONGEST_NAME = 128
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def listed(text: str) -> frozenset[str]:
    """Return the words that a text lists."""
    return frozenset(text.split())


# Whatever a word ends with one of these, it tells of a secret: `PGPASSWORD`, `clientsecret`.
_TELLING = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "pwd",
    "secret",
    "credential",
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "authkey",
    "authtoken",
    "accesstoken",
    "apitoken",
)
_TELLING_PLURALS = frozenset({"cred", "creds", *(f"{word}s" for word in _TELLING)})

_DESCRIBING = listed(
    """
    alias arn backend budget class col cols column columns count counts dim dims dir directory
    embedding embeddings enabled endpoint env expiration expire expires expiry feature features
    field fields file filename files folder format hint host id ids index kind label labels len
    length limit loss manager max method min mode name names num number path pattern policy
    position positions prompt provider ratio ref reference regex required rotation scheme scope
    scopes size source state status store strength timeout ttl type types uri url usage username
    var variable version vocab weight
    """
)
"""As a name's last word, it says that the value is about a secret, and not the secret."""

_TOKENS_OF_TEXT = listed(
    """
    audio begin bos class cls decoder end eos first image last mask next pad padding page prompt
    sep special start stop sub text unk unknown video word
    """
)
"""Before ``token``: a language model's, or where a listing goes on."""

_TOKENS_OF_ACCESS = listed("access api auth bearer hub id oauth refresh security service session")
_KEYS = listed(
    """
    access account admin aes anthropic api app application auth aws azure bearer cipher client
    clearml cohere comet consumer crypto datadog dd decrypt decryption deepseek deploy encrypt
    encryption fernet function gcp gemini github gitlab google gpg groq hf hmac huggingface
    instrumentation integration jwt kaggle langchain langsmith license master mistral mlflow
    neptune newrelic openai openrouter pass pgp pinecone private qdrant replicate root rsa secret
    sendgrid sentry server service session shared sign signing slack ssh storage stripe
    subscription symmetric tavily token twilio wandb weaviate webhook
    """
)
"""Before ``key``: what such a key opens."""

_PASSES = listed(
    """
    admin ca cert db database email ftp imap key keystore login mail mongo mysql pg postgres proxy
    redis root service sftp smtp ssh store sudo user
    """
)
_ALONE = listed("auth authorization bearer cookie cookies jwt otp pass pw token")
"""As a name's only or last word, it tells of a secret."""

_WORKING_DIRECTORIES = frozenset({"PWD", "OLDPWD"})
_ABSOLUTE = re.compile(r"/|[A-Za-z]:\\")

_SAYING_NOTHING = listed(
    """
    any auto bool bytes default false float hidden int no none null off on optional redacted
    secretstr str string true undefined yes
    """
)
_MASKED = re.compile(r"[*•xX.]{3,}|[(\[<](?:left out|redacted|hidden|masked|secret|removed)[)\]>]")
_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_.:]*\}")
_NUMBER = re.compile(r"[-+]?[0-9][0-9_.,]*(?:[eE][-+]?[0-9]+)?")
_TOKEN_OF_TEXT = re.compile(r"\[[A-Z]{1,12}[0-9]*\]|<\|?/?[A-Za-z_]{1,24}[0-9]*\|?>")


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case: ``dbPassword2`` is ``("db", "password")``."""
    return tuple(word.lower() for word in _WORD.findall(name[-_LONGEST_NAME:]))


def contains(several: Sequence[str], some: Sequence[str]) -> bool:
    """Tell whether some words stand together, in order, among others."""
    n = len(some)
    return any(tuple(several[i : i + n]) == tuple(some) for i in range(len(several) - n + 1))


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether what has that name is a secret, if it is a text."""
    parts = words(name)
    if not parts:
        return False
    if is_telling(parts):
        return parts[-1] not in _DESCRIBING or parts[-2:] == ("secret", "id")
    return _is_last_of_a_secret(parts[-1], parts[-2] if len(parts) > 1 else "", parts)


def is_telling(parts: Iterable[str]) -> bool:
    """Tell whether a word among these is said of secrets only."""
    return any(word.endswith(_TELLING) or word in _TELLING_PLURALS for word in parts)


def _is_last_of_a_secret(last: str, before: str, parts: tuple[str, ...]) -> bool:
    if last == "token":
        return before not in _TOKENS_OF_TEXT
    if last == "tokens":
        return before in _TOKENS_OF_ACCESS
    if last in {"key", "keys"}:
        return before in _KEYS or before.endswith("api")
    if last in {"pass", "pw"}:
        return not before or before in _PASSES
    if last == "signature":
        return before == "access"
    return last in _ALONE or parts[-2:] == ("auth", "header")


def says_nothing(value: str, name: str) -> bool:
    """Tell whether a value is no secret, whatever its name: empty, a number, masked already.

    A password may be a number, though.
    """
    stripped = value.strip()
    if not stripped or stripped.lower() in _SAYING_NOTHING or _MASKED.fullmatch(stripped):
        return True
    if name in _WORKING_DIRECTORIES and _ABSOLUTE.match(stripped):
        return True
    if _REFERENCE.fullmatch(stripped) or _TOKEN_OF_TEXT.fullmatch(stripped):
        return True
    return _NUMBER.fullmatch(stripped) is not None and not is_telling(words(name))
