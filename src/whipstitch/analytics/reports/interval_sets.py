"""Of each person the set of intervals in which they did something."""

from typing import Final, NamedTuple

from whipstitch.analytics.expressions.intervals import Intervals


class IntervalSets(NamedTuple):
    """Sets of intervals in SQL: templates over ``index`` expressions and ``set`` columns."""

    gathered: str
    """Of the rows of a group that meet ``condition``."""
    single: str
    empty: str
    has: str
    any: str
    listed: str
    """As an Array(Int64)."""
    size: str


_BIT: Final = "bitShiftLeft(toUInt64(1), toUInt8(bitAnd({index}, 63)))"
_BITS: Final = IntervalSets(
    gathered=f"groupBitOrIf({_BIT}, {{condition}})",
    single=_BIT,
    empty="toUInt64(0)",
    has=f"bitAnd({{set}}, {_BIT}) != 0",
    any="{set} != 0",
    listed="arrayMap(one -> toInt64(one), bitPositionsToArray({set}))",
    size="bitCount({set})",
)
_ARRAYS: Final = IntervalSets(
    gathered="groupUniqArrayIf({index}, {condition})",
    single="[{index}]",
    empty="[]",
    has="has({set}, {index})",
    any="notEmpty({set})",
    listed="{set}",
    size="length({set})",
)
_MOST_BITS: Final = 64


def sets_of(intervals: Intervals) -> IntervalSets:
    """Bits are gathered, compared and sent faster, where there are enough of them."""
    return _BITS if len(intervals.starts) <= _MOST_BITS else _ARRAYS
