"""The readers of bodies: what unpacks them, and both ways of admission."""

import contextlib
import json
from typing import Any, Final

import atheris
from tests.support.admission import CLIENT, LENIENT, admitted, meaning, small_pieces

from whipstitch.ingest.http import decompression

SEEDS: Final = (bytes(range(256)), bytes(range(255, -1, -1)) * 2)
_MOST_PLAIN: Final = 1024 * 1024
_KEYS: Final = (
    *("operations", "type", "payload", "event_name", "distinct_id", "alias_id", "timestamp"),
    *("properties", "default_properties", "set_once", "add", "message_id", "$os", "$time", "a"),
)
_VALUES: Final = (
    *(b"null", b"true", b"0", b"-0.0", b"1e999", b"123456789012345678901", b"[]", b"{}", b'""'),
    *(b'"track"', b'"people"', b'"alias"', b'"u1"', b'"u2"', b'"null"', b'"2026-05-09"'),
    *(b'"$screen"', b'"$cookieless"', b'"\\ud83d"', b'"\\u0000"', b'"\xc3\xa9"', b'"\xff"'),
)
_REPEATED: Final = (b"$os", b"$time", b"a")
_DEEPEST: Final = 5


def bodies(data: bytes) -> None:
    """A body of whatever bytes is refused or admitted, alike by the ways of light and of large
    ones; packed ones unpack within their bound, or are refused."""
    chosen = atheris.FuzzedDataProvider(data)
    encoding = chosen.PickValueInList(["", "gzip", "deflate", "zstd"])
    endpoint = chosen.PickValueInList(["batch", "track", "people", "alias"])
    small_pieces(chosen.PickValueInList([30, 200, 100_000]))
    most = chosen.PickValueInList([0, 60])
    client = CLIENT if chosen.ConsumeBool() else LENIENT
    if encoding:
        body = chosen.ConsumeBytes(len(data))
        with contextlib.suppress(decompression.Corrupt, decompression.Oversized):
            assert len(decompression.unpack(body, encoding, _MOST_PLAIN)) <= _MOST_PLAIN
        return
    body = _body(chosen)
    with contextlib.suppress(RecursionError):  # of what compares, not of what admits
        light, large = admitted(endpoint, body, most, client)
        assert large[:2] == light[:2], (endpoint, body, light[:2], large[:2])
        assert _read(large[2]) == _read(light[2]), (endpoint, body)


def _read(rows: list[Any]) -> Any:
    """What they mean. A large value of a trait is kept as it was sent, a small one without blanks
    and equal keys."""
    others, traits = meaning(rows)
    return others, {
        trait: (when, json.loads(value or "null"), *rest)
        for trait, (when, value, *rest) in traits.items()
    }


def _body(chosen: Any) -> bytes:
    """Most often JSON of the names that bodies have, sometimes with bytes in it that are none."""
    body: bytes = _value(chosen, 0)
    if chosen.ConsumeIntInRange(0, 3):
        return body
    at = chosen.ConsumeIntInRange(0, len(body))
    return body[:at] + chosen.ConsumeBytes(8) + body[at + chosen.ConsumeIntInRange(0, 8) :]


def _value(chosen: Any, depth: int) -> bytes:
    blank = chosen.PickValueInList([b"", b" ", b"\n"])
    kind = chosen.ConsumeIntInRange(0, 3) if depth else 1
    if kind == 0 or depth == _DEEPEST:
        return chosen.PickValueInList(list(_VALUES)) + blank
    members = range(chosen.ConsumeIntInRange(0, 6))
    if kind == 1:
        named = [(_key(chosen), _value(chosen, depth + 1)) for _ in members]
        # Equal names of one type only: of others each way refuses what it meets first.
        once = {name: value for name, value in named if name not in _REPEATED}
        named = [*once.items(), *(pair for pair in named if pair[0] in _REPEATED)]
        return b"{" + blank + b",".join(b'"%b":%b' % pair for pair in named) + b"}"
    if kind == 2:
        return b"[" + b",".join(_value(chosen, depth + 1) for _ in members) + blank + b"]"
    return b'"' + b"x" * chosen.ConsumeIntInRange(0, 300) + b'"'


def _key(chosen: Any) -> bytes:
    key: str = chosen.PickValueInList(list(_KEYS))
    return key.encode()
