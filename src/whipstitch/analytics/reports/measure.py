"""A series of an insight: the math that is done on some events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.properties import of_event
from whipstitch.identity.person_map import Persons

Math = Literal["total", "unique", "sum", "avg", "min", "max", "p50", "p95"]

_AGGREGATES: Final[Mapping[Math, tuple[str, str]]] = {
    "total": ("count", ""),
    "unique": ("uniqExact", "{key}"),
    "sum": ("sum", "{scaled}"),
    "avg": ("avg", "{scaled}"),
    "min": ("min", "{scaled}"),
    "max": ("max", "{scaled}"),
    "p50": ("quantileExactInclusive(0.5)", "{scaled}"),
    "p95": ("quantileExactInclusive(0.95)", "{scaled}"),
}
"""An aggregate function, and what it is of."""
_SCALE: Final = "1152921504606846976"
"""2^60: numbers are divided by it, which is exact, so that no sum of them overflows on the way."""
_NULL_OF_NONE: Final = frozenset({"avg", "min", "max", "p50", "p95"})
_ADDING_UP: Final = frozenset({"total", "unique", "sum"})
_KEEPING_ALL: Final = frozenset({"unique", "p50", "p95"})


@dataclass(frozen=True, slots=True)
class Series:
    """``property`` is what the math is done on; None where it counts events or people."""

    match: Match
    math: Math = "total"
    property: str | None = None

    def sums_up(self) -> bool:
        """Whether some rows can be summed up in a number or two (``partial``), however many they
        are. People and percentiles cannot: each person and number has to be kept."""
        return self.math not in _KEEPING_ALL

    def of_none(self) -> float | None:
        """What it comes to where there is nothing: of no numbers there is no average, extreme or
        percentile."""
        return None if self.math in _NULL_OF_NONE else 0

    def number(self, persons: Persons) -> str:
        """What the math is done on, a Nullable(Float64); blank: not on a property."""
        return "" if self.property is None else of_event(self.property, persons).number

    def aggregate(self, persons: Persons) -> str:
        """A Float64, or a Nullable one; infinite where the number is larger than any."""
        function, argument = self._function(persons)
        return self._number(f"{function}({argument})")

    def partial(self, persons: Persons) -> str:
        """What some of the rows come to, of a series that ``sums_up``: an aggregate, of which
        ``whole`` makes what the rows come to together."""
        function, argument = self._function(persons)
        return f"{function}State({argument})"

    def whole(self, partial: str) -> str:
        """What ``aggregate`` gives for all rows that went into some of ``partial``, a column."""
        function, _ = _AGGREGATES[self.math]
        return self._number(f"{function}Merge({partial})")

    def weight(self, persons: Persons) -> str:
        """How much a value of a breakdown weighs: what adds up, or else how many events have the
        number. Weights of a series that ``sums_up`` add up."""
        if self.math in _ADDING_UP:
            function, argument = self._function(persons)
            return self._of_none(f"{function}({argument})")
        return f"count({self.number(persons)})"

    def _function(self, persons: Persons) -> tuple[str, str]:
        function, argument = _AGGREGATES[self.math]
        scaled = f"{self.number(persons)} / {_SCALE}"
        return function, argument.format(key=persons.key, scaled=scaled)

    def _number(self, aggregate: str) -> str:
        found = f"toFloat64({self._of_none(aggregate)})"
        return found if self.property is None else f"{found} * {_SCALE}"

    def _of_none(self, aggregate: str) -> str:
        return aggregate if self.of_none() is None else f"ifNull({aggregate}, 0)"
