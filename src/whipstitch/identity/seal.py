"""What is kept of ids that are erased: keyed hashes. An e-mail address could be guessed back from a
hash that anybody can make.

The secret is in the registry, which nodes share; what is sealed with it is in ClickHouse. It is
sent beside statements and stands in none that ClickHouse keeps."""

import hmac
from collections.abc import Callable
from functools import cached_property
from typing import Final

_BLOCK: Final = 64
"""Bytes that SHA-256 takes at once: see RFC 2104."""
_INNER: Final = 0x36
_OUTER: Final = 0x5C


HASH: Final = "sipHash128"
"""What statements with hashes of ids are known by."""


def hash_of(id_expression: str) -> str:
    """The hash of an id, in a statement that knows ``project_id`` and ``environment``."""
    return f"hex({HASH}(project_id, environment, {id_expression}))"


class Seal:
    """``name`` tells secrets apart, and nothing of them. ``values`` are those of ``of``'s
    places."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        """``secret`` is asked for when it is first needed: where there is none yet it has to be
        written, and a server starts on a full disk, too."""
        self._secret = secret

    @cached_property
    def name(self) -> str:
        return hmac.digest(self._secret(), b"the name of a secret", "sha256")[:8].hex()

    @cached_property
    def values(self) -> dict[str, str]:
        secret = self._secret()
        return {"seal_inner": _padded(secret, _INNER), "seal_outer": _padded(secret, _OUTER)}

    @staticmethod
    def of(hash_expression: str) -> str:
        """HMAC-SHA256 of a hash, as hexadecimal text. ClickHouse has a function for it only since
        lately."""
        inner = f"SHA256(concat(unhex({{seal_inner:String}}), {hash_expression}))"
        return f"hex(SHA256(concat(unhex({{seal_outer:String}}), {inner})))"


def _padded(secret: bytes, pad: int) -> str:
    return bytes(byte ^ pad for byte in secret.ljust(_BLOCK, b"\0")).hex()
