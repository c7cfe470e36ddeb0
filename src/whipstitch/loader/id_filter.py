"""A Bloom filter of the ids that ClickHouse has, so that only what may repeat is looked up there.

Each id sets four bits of one word of 64. Which word and which bits its digest says, so ClickHouse
can make the filter of its table by itself, and the server only copies the words."""

import struct
from collections.abc import Collection
from threading import Lock
from typing import Final

from whipstitch.warehouse.client import Client

_BITS_OF_ID: Final = 12
_FEWEST: Final = 16
_MOST: Final = 24
"""Powers of two: of words."""
_SLICE: Final = 18
_WORD_BYTES: Final = 8
_PAIRS: Final = tuple(1 << (two & 63) | 1 << (two >> 6) for two in range(64 * 64))
"""The bits that twelve bits of a digest say."""
_COUNT: Final = "SELECT count() FROM operation_ids"
_WORDS: Final = """\
SELECT mask FROM
(
    SELECT
        word,
        groupBitOr(bitOr(
            bitOr(bitShiftLeft(1::UInt64, bitAnd(low, 63)),
                bitShiftLeft(1::UInt64, bitAnd(bitShiftRight(low, 6), 63))),
            bitOr(bitShiftLeft(1::UInt64, bitAnd(bitShiftRight(low, 12), 63)),
                bitShiftLeft(1::UInt64, bitAnd(bitShiftRight(low, 18), 63)))
        )) AS mask
    FROM
    (
        SELECT
            bitShiftRight(reinterpretAsUInt64(reverse(substring(id, 1, 8))), {shift}) AS word,
            reinterpretAsUInt64(reverse(substring(id, 9, 8))) AS low
        FROM operation_ids
        WHERE id >= unhex('{first}') AND id <= unhex('{last}')
    )
    GROUP BY word
    ORDER BY word WITH FILL FROM {start}::UInt64 TO {end}::UInt64
)"""


class IdFilter:
    """Of 2 ** ``power`` words, with room for ``stored`` ids and as many again. These ``fill_some``
    brings in, on whichever thread. What is stored later has to be added before."""

    def __init__(self, power: int = _FEWEST, stored: int = 0) -> None:
        self.has_failed = False
        """Whether it will never be complete."""
        self._power = power
        self._shift = 64 - power
        self._bytes = bytearray(_WORD_BYTES << power)
        self._words = memoryview(self._bytes).cast("Q")
        self._room = (64 << power) // _BITS_OF_ID - stored if power < _MOST else 2**63
        self._filled = 0 if stored else 1 << power
        self._changing = Lock()

    @classmethod
    def for_table(cls, client: Client) -> "IdFilter":
        """Never over 128 MB."""
        count = int(client.query(_COUNT).result_rows[0][0])
        power = (2 * count * _BITS_OF_ID // 64).bit_length()
        return cls(min(max(power, _FEWEST), _MOST), count)

    @property
    def is_complete(self) -> bool:
        """Whether all that was stored is in."""
        return self._filled == 1 << self._power

    @property
    def is_full(self) -> bool:
        """Whether so many were added that too much would be looked up."""
        return self._room <= 0

    def add(self, ids: Collection[str]) -> list[str]:
        """Of ``ids``, in hexadecimal digits, those that may be stored or have been added before."""
        halves = struct.unpack(f">{2 * len(ids)}Q", bytes.fromhex("".join(ids)))
        possible: list[str] = []
        added = 0
        with self._changing:
            words, shift, filled = self._words, self._shift, self._filled
            for once, high, low in zip(ids, halves[::2], halves[1::2], strict=True):
                mask = _PAIRS[low & 4095] | _PAIRS[low >> 12 & 4095]
                word = high >> shift
                bits = words[word]
                if bits & mask == mask:
                    possible.append(once)
                    continue
                words[word] = bits | mask
                added += 1
                if word >= filled:
                    possible.append(once)
            self._room -= added
        return possible

    def fill_some(self, client: Client) -> bool:
        """Brings in a part of what is stored; True: there is more."""
        step = 1 << min(_SLICE, self._power)
        start, end = self._filled, self._filled + step
        shift = self._shift + 64
        sql = _WORDS.format(
            shift=self._shift,
            first=f"{start << shift:032x}",
            last=f"{(end << shift) - 1:032x}",
            start=start,
            end=end,
        )
        stored = client.raw_query(sql, fmt="RowBinary")
        at = slice(start * _WORD_BYTES, end * _WORD_BYTES)
        with self._changing:
            both = int.from_bytes(self._bytes[at]) | int.from_bytes(stored)
            self._bytes[at] = both.to_bytes(step * _WORD_BYTES)
            self._filled = end
        return not self.is_complete

    def __bytes__(self) -> bytes:
        return bytes(self._bytes)
