"""A Bloom filter of the ids that ClickHouse has, so that only what may repeat is looked up there.

Each id sets four bits of one word of 64. Which word and which bits its digest says, so ClickHouse
can make the filter of its table by itself, and the server only copies the words."""

from typing import Final

from whipstitch.warehouse.client import Client

_BITS_OF_ID: Final = 12
_FEWEST: Final = 16
_MOST: Final = 24
"""Powers of two: of words."""
_SLICE: Final = 18
_WORD_BYTES: Final = 8
_LOW: Final = 2**64 - 1
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
    """Of 2 ** ``power`` words."""

    def __init__(self, power: int = _FEWEST) -> None:
        self._shift = 128 - power
        self._bytes = bytearray(_WORD_BYTES << power)
        self._words = memoryview(self._bytes).cast("Q")
        self._room = (64 << power) // _BITS_OF_ID if power < _MOST else 2**63

    @classmethod
    def of_table(cls, client: Client) -> "IdFilter":
        """Of the ids that are stored, with room for as many again; never over 128 MB."""
        count = int(client.query(_COUNT).result_rows[0][0])
        power = (2 * count * _BITS_OF_ID // 64).bit_length()
        power = min(max(power, _FEWEST), _MOST)
        made = cls(power)
        made._fill(client, power)
        made._room -= count
        return made

    @property
    def is_full(self) -> bool:
        """Whether so many were added that too much would be looked up."""
        return self._room <= 0

    def add(self, once: str) -> None:
        word, mask = self._place(once)
        self._words[word] |= mask
        self._room -= 1

    def may_have(self, once: str) -> bool:
        """False: the id, in hexadecimal digits, was never added."""
        word, mask = self._place(once)
        return self._words[word] & mask == mask

    def __bytes__(self) -> bytes:
        return bytes(self._bytes)

    def _place(self, once: str) -> tuple[int, int]:
        value = int(once, 16)
        low = value & _LOW
        mask = 1 << (low & 63) | 1 << (low >> 6 & 63) | 1 << (low >> 12 & 63)
        return value >> self._shift, mask | 1 << (low >> 18 & 63)

    def _fill(self, client: Client, power: int) -> None:
        step = 1 << min(_SLICE, power)
        for start in range(0, 1 << power, step):
            end = start + step
            sql = _WORDS.format(
                shift=self._shift - 64,
                first=f"{start << self._shift:032x}",
                last=f"{(end << self._shift) - 1:032x}",
                start=start,
                end=end,
            )
            words = client.raw_query(sql, fmt="RowBinary")
            at = start * _WORD_BYTES
            self._bytes[at : at + len(words)] = words
