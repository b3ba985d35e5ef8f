"""How text stands in MySQL: as ML Metadata puts it there.

ML Metadata sends UTF-8 and does not say so, and MySQL takes every byte of it for a character of
its latin1: where an ``ü`` is meant, the database has ``Ã¼``.  What ML Metadata wrote can be read,
and what is written here can be read by ML Metadata, only if the same is done here.  ASCII is not
touched by it.
"""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import Any

NAME = "mlmd_mysql_text"
"""The name under which Python finds the encoding."""

# MySQL's latin1 is Windows' code page 1252, and the five bytes that this lacks are themselves.
_LATIN1 = "".join(
    chr(byte) if byte in b"\x81\x8d\x8f\x90\x9d" else bytes([byte]).decode("cp1252")
    for byte in range(256)
)
_BYTES = codecs.charmap_build(_LATIN1)


def encode(text: str, _: str = "strict") -> tuple[bytes, int]:
    """Return text as it is sent: the UTF-8 of the characters that its own UTF-8 is taken for."""
    data = text.encode()
    if not text.isascii():
        data = codecs.charmap_decode(data, "strict", _LATIN1)[0].encode()
    return data, len(text)


def decode(data: Any, errors: str = "strict") -> tuple[str, int]:
    """Return the text that was meant; what others than ML Metadata wrote stays as it is."""
    text = codecs.decode(data, "utf-8", errors)
    if not text.isascii():
        with suppress(UnicodeError):
            text = codecs.charmap_encode(text, "strict", _BYTES)[0].decode()
    return text, len(data)


def _find(name: str) -> codecs.CodecInfo | None:
    return codecs.CodecInfo(encode, decode, name=NAME) if name == NAME else None


codecs.register(_find)
