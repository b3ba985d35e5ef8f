"""Forty secrets and where they are planted, and twenty things that only look like secrets.

None opens anything: each was made up here, in the form that its service gives.
"""

from __future__ import annotations

from dataclasses import dataclass

_WORD = "Zq7Lw9Xk2Vb4Nm8Rt3Yp"  # twenty characters
_HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
_BASE64 = (
    "Qm9yZWQvd2l0aCtyYW5kb20rd29yZHMrb2YrYmFzZTY0K2xldHRlcnMrdGhhdCtvcGVuK25vdGhpbmcrYXQrYWwrWg"
)


@dataclass(frozen=True)
class Planted:
    """A secret.

    Args:
        where: ``parameter``, ``mapping``, ``uri``, ``argument``, ``environment``, ``exception``,
            ``diff``, ``log``, ``note``, ``run``, ``step``, ``type``, ``key`` or ``opaque``.
        secret: What must be found nowhere.
        text: What it is planted in; ``name=value`` for what has a name.
    """

    where: str
    secret: str
    text: str


def _planted(where: str, secret: str, text: str = "{}") -> Planted:
    return Planted(where, secret, text.replace("{}", secret))


SECRETS = [
    # keys of clouds
    _planted("exception", "AKIA" + "QWERTZUIOPASDFGH", "denied for {}"),
    _planted("parameter", "ASIA" + "YXCVBNMQWERTZUIO", "who={}"),
    _planted("environment", f"wJalr/{_WORD}+bPxRfiCYzz9", "AWS_SECRET_ACCESS_KEY={}"),
    _planted("environment", f"IQoJb3JpZ2luX2VjE{_WORD}", "AWS_SESSION_TOKEN={}"),
    _planted("mapping", f"AIza{_WORD}abcdefghijklmno", "where={}"),
    _planted("log", f"ya29.a0{_WORD}", "could not refresh {}"),
    _planted(
        "mapping",
        f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{_WORD}",
        "private_key=-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
    ),
    _planted(
        "parameter",
        f"{_BASE64[:86]}==",
        "connection=DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=x",
    ),
    _planted("parameter", f"{_WORD[:16]}Sb=", "bus=Endpoint=sb://x/;SharedAccessKey={}"),
    _planted("diff", f"abc8Q~{_WORD}abcdefghijkl", "+    id = '{}'"),
    _planted("exception", f"dapi{_HEX}", "workspace refused {}"),
    _planted("argument", f"LTAI5t{_WORD[:18]}", "--who={}"),
    # passwords in URLs
    _planted("uri", "p4ss-In-Url-1", "postgresql://me:{}@db.example/sales"),
    _planted("uri", "p4ss/In+Url%2", "mysql+pymysql://me:{}@db.example/sales"),
    _planted("exception", "p4ssInUrl3", "cannot reach redis://:{}@cache.example:6379/0"),
    _planted("argument", "p4ssInUrl4", "https://me:{}@host.example/data.csv"),
    _planted("note", "p4ssInUrl5", "from mongodb+srv://me:{}@cluster.example/db"),
    _planted("diff", "p4ssInUrl6", '+url = "amqp://me:{}@queue.example//"'),
    # signed URLs
    _planted(
        "uri",
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "https://bucket.s3.amazonaws.com/d.csv?X-Amz-Credential=x&X-Amz-Signature={}&X-Amz-Date=1",
    ),
    _planted(
        "uri",
        "Sg%2BsIgNaTuRe0123456789%3D",
        "https://acc.blob.core.windows.net/c/d.csv?sv=2022-11-02&se=2030-01-01&sp=r&sig={}",
    ),
    _planted(
        "exception",
        "7766554433221100ffeeddccbbaa9988",
        "403 for https://storage.googleapis.com/b/d.csv?X-Goog-Signature={}&X-Goog-Expires=9",
    ),
    _planted("uri", "tokenInQuery-77", "https://host.example/d.csv?version=3&access_token={}"),
    # tokens of services, in arguments and elsewhere
    _planted("argument", "ghp_" + f"{_WORD}abcdefghijklmnop", "--from={}"),
    _planted("diff", "github_pat_" + f"11ABCDEFG0{_WORD}", "-clone {}"),
    _planted("parameter", f"glpat-{_WORD}", "remote={}"),
    _planted("log", "xoxb-" + "123456789012-123456789012-" + _WORD, "posting with {} failed"),
    _planted("parameter", "sk_live_" + _WORD, "shop={}"),
    _planted("argument", "sk-proj-" + f"{_WORD}{_WORD}", "sk-proj-" + f"{_WORD}{_WORD}"),
    _planted("key", "sk-ant-" + f"api03-{_WORD}{_WORD}"),
    _planted("step", f"hf_{_WORD}abcdefghijklmn", "load with {}"),
    _planted("run", f"npm_{_WORD}abcdefghijklmnop", "release {}"),
    _planted(
        "exception",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9." + _WORD,
        "headers={'X': '{}'}",
    ),
    _planted("exception", "Ym9iOmh1bnRlcjJodW50ZXIy", "Authorization: Basic {}"),
    # passwords by their names
    _planted("parameter", "hunter2-parameter", "dbPassword={}"),
    _planted("mapping", "hunter2-mapping", "client_secret={}"),
    _planted("argument", "hunter2-argument", "--db-password={}"),
    _planted("environment", "hunter2-environment", "PGPASSWORD={}"),
    _planted("exception", "hunter2-exception", "Driver=x;Server=y;UID=sa;PWD={};Encrypt=yes"),
    _planted("diff", "hunter2-diff", '+API_KEY = "{}"'),
    _planted("opaque", "hunter2-opaque"),
]

HARMLESS: dict[str, object] = {
    "use_cls_token": True,
    "max_tokens": 512,
    "num_tokens": "1,024",
    "tokenizer": "bert-base-uncased",
    "cls_token": "[CLS]",
    "pad_token": "<pad>",
    "password_column": "pwd",
    "secret_name": "projects/1/secrets/db",
    "key": "user_id",
    "primary_key": "order_id",
    "partition_keys": '["year", "month"]',
    "author": "keynes",
    "commit": "3f2a9c1b7d5e8f60412233445566778899aabbcc",
    "uuid": "0190a0b0-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
    "digest": "sha256:" + "0123456789abcdef" * 4,
    "model": "sk-learn-contrib/random-forest-classifier-v2",
    "checkpoint": "s3://bucket/token=1/key=2/model.pkl",
    "endpoint": "http://host.example:8080/v1@2?page=3&sort=key",
    "passenger_count": "2",
    "signature": "serving_default",
}
