"""The order of people by a column.

Numbers come before texts, and who has nothing there comes last, in either direction. Texts are
compared without regard to case, by their first 1,000 characters. Of equals the distinct id that is
less comes first."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from whipstitch.analytics.events.pages import Count
from whipstitch.analytics.expressions.searching import folding
from whipstitch.analytics.expressions.values import of_json
from whipstitch.analytics.people.columns import PeopleColumn
from whipstitch.warehouse.parameters import Parameters

Direction = Literal["asc", "desc"]
_LONGEST: Final = 1_000
_NUMBER, _TEXT, _NOTHING = range(3)


class SortedPosition(msgspec.Struct, frozen=True, array_like=True):
    """A place in the order: whether a number, a text or nothing is sorted by, the bits of the
    number, the text, and the distinct id."""

    rank: Annotated[int, Meta(ge=0, le=_NOTHING)]
    bits: Count
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class Sort:
    """By a column, the greatest first if ``descending``."""

    column: PeopleColumn
    descending: bool = True

    @property
    def _sign(self) -> str:
        return ">" if not self.descending else "<"

    def order(self) -> str:
        """What ``ORDER BY`` has, of a query with the columns that ``placed`` makes."""
        direction = "DESC" if self.descending else "ASC"
        return f"rank, number {direction}, folded {direction}, text {direction}, who"

    def after(self, position: SortedPosition, values: Parameters) -> str:
        """The condition on rows, with the columns that ``placed`` makes, that come later."""
        rank = values.add(position.rank, "UInt8")
        number = f"reinterpretAsFloat64({values.add(position.bits, 'UInt64')})"
        text = values.add(position.text)
        texts = f"({folding(text)}, {text})"
        return (
            f"(rank > {rank} OR rank = {rank} AND (number {self._sign} {number} "
            f"OR number = {number} AND ((folded, text) {self._sign} {texts} "
            f"OR text = {text} AND who > {values.add(position.id)})))"
        )


LATEST: Final = Sort(PeopleColumn("last_seen"))


def placed(people: str, column: PeopleColumn) -> str:
    """``people``, a query that has the value of the column (``columns.joined``) as ``sorted_by``,
    with the columns ``rank``, ``number``, ``text`` and ``folded`` that they are sorted by."""
    number, text = "CAST(NULL, 'Nullable(Float64)')", "CAST(NULL, 'Nullable(String)')"
    if column.is_trait:
        of = of_json("sorted_by")
        number, text = of.number, of.text
    elif column.name == "distinct_id":
        text = "toNullable(sorted_by)"
    else:
        number = "toFloat64(sorted_by)"
    # One upon the other: an expression that stands for another one many times is slow to be read.
    values = f"SELECT *, {number} AS a_number, {text} AS a_text FROM ({people})"
    places = (
        f"SELECT *, toUInt8(multiIf(isNotNull(a_number), {_NUMBER}, isNotNull(a_text), {_TEXT}, "
        f"{_NOTHING})) AS rank, ifNull(a_number, 0.) AS number, "
        f"if(isNull(a_number), substringUTF8(ifNull(a_text, ''), 1, {_LONGEST}), '') AS text "
        f"FROM ({values})"
    )
    return f"SELECT *, {folding('text')} AS folded FROM ({places})"
