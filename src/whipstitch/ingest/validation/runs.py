"""The members of a large JSON array or object, some at once: tens of millions of them would take
ten times the text's size as objects."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

RUN: Final = 1024 * 1024
"""Bytes. What is longer is a single member."""
_LIKELY: Final = {b"[": (b"},", b","), b"{": (b",",)}
"""What mostly stands where a member ends: those of a batch's array are objects, and most values in
an object are plain."""
_TRIES: Final = (RUN, RUN // 8, RUN // 64)
_MOST_EXACT: Final = 1024
_TRAILING: Final = re.compile(r"trailing characters \(byte (\d+)\)")
_BLANK: Final = msgspec.Raw(b'""')
_skip: Final = msgspec.json.Decoder(msgspec.Raw)
_key: Final = msgspec.json.Decoder(str)
_pairs: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def runs(text: memoryview) -> Iterator[memoryview]:
    """``text`` is a sound array or object, in its brackets; yields its members in order, as pieces
    of up to ``RUN`` bytes without brackets."""
    opening, closing = bytes(text[:1]), bytes(text[-1:])
    text = text[1:-1]
    at, exact = 0, 1
    while bytes(text[at : at + RUN]).strip():
        if len(text) - at <= RUN:
            yield text[at:]
            return
        end = _likely_end(text, at, opening, closing)
        if end:
            exact = 1
        else:
            # Looked for in vain: so much is not spent again soon.
            end = _exact_end(text, at, exact, pairs=opening == b"{")
            exact = min(exact * 2, _MOST_EXACT)
        yield text[at:end]
        at = end + 1


def _likely_end(text: memoryview, at: int, opening: bytes, closing: bytes) -> int:
    """Where some members end, if one of the likely places is one; else 0. What is sound in brackets
    of its own and begins where a member does is whole members: a comma further inside leaves
    something open, and one bracket does not close two."""
    for size in _TRIES:
        window = bytes(text[at : at + size])
        for likely in _LIKELY[opening]:
            length = window.rfind(likely) + len(likely) - 1
            if length < len(likely):
                continue
            try:
                _skip.decode(b"%b%b%b" % (opening, window[:length], closing))
            except (msgspec.DecodeError, RecursionError):
                continue
            return at + length
    return 0


def _exact_end(text: memoryview, at: int, most: int, *, pairs: bool) -> int:
    """Where up to ``most`` members end, read one by one; what is longer than a run is alone."""
    end = begin = at
    for _ in range(most):
        value = _end_of_value(text, begin) + 1 if pairs else begin
        value_end = _end_of_value(text, value)
        if value_end - at > RUN and end > at:
            break
        end = value_end
        begin = end + 1
        if begin >= len(text) or end - at > RUN:
            break
    return end


def _end_of_value(text: memoryview, at: int) -> int:
    """The decoder reads one value, and says where it meets what follows."""
    try:
        _skip.decode(text[at:])
    except msgspec.DecodeError as error:
        if found := _TRAILING.search(str(error)):
            return at + int(found[1]) - 1  # it has read the first byte of that
        raise
    return len(text)


def pairs(text: memoryview) -> Iterator[tuple[dict[str, msgspec.Raw], memoryview | None]]:
    """The members of an object, in runs. A value of any size stands beside a run of its own, which
    has a blank text in its place. Of equal keys in one run the last is there."""
    for run in runs(text):
        if len(run) <= RUN:
            yield _pairs.decode(b"".join((b"{", run, b"}"))), None
        else:
            colon = _end_of_value(run, 0)
            key, value = _key.decode(run[:colon]), _skip.decode(run[colon + 1 :])
            if len(value) <= RUN:
                yield {key: value}, None
            else:
                yield {key: _BLANK}, memoryview(value)
