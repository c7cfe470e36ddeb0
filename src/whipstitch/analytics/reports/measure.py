"""A series of an insight: the math that is done on some events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.analytics.expressions.properties import of_event
from whipstitch.analytics.expressions.syntax import Node
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

Math = Literal[
    "total", "unique", "sum", "avg", "min", "max", "p50", "p90", "p95", "p99", "distinct"
]
PerPerson = Literal["avg", "median", "p90", "min", "max"]

_AGGREGATES: Final[Mapping[Math, tuple[str, str]]] = {
    "total": ("count", ""),
    "unique": ("uniqExact", "{key}"),
    "sum": ("sum", "{scaled}"),
    "avg": ("avg", "{scaled}"),
    "min": ("min", "{scaled}"),
    "max": ("max", "{scaled}"),
    "p50": ("quantileExactInclusive(0.5)", "{scaled}"),
    "p90": ("quantileExactInclusive(0.9)", "{scaled}"),
    "p95": ("quantileExactInclusive(0.95)", "{scaled}"),
    "p99": ("quantileExactInclusive(0.99)", "{scaled}"),
    "distinct": ("uniqExact", "{text}"),
}
"""An aggregate function, and what it is of."""
_SCALE: Final = "1152921504606846976"
"""2^60: numbers are divided by it, which is exact, so that no sum of them overflows on the way."""
OF_NUMBERS: Final[frozenset[Math]] = frozenset(
    {"sum", "avg", "min", "max", "p50", "p90", "p95", "p99"}
)
"""What is done on the numbers of a property."""
OF_PROPERTY: Final[frozenset[Math]] = OF_NUMBERS | {"distinct"}
_NULL_OF_NONE: Final = OF_NUMBERS - {"sum"}
_COUNTING: Final = frozenset({"total", "unique", "distinct"})
_ADDING_UP: Final = _COUNTING | {"sum"}
_KEEPING_ALL: Final = frozenset({"unique", "distinct", "p50", "p90", "p95", "p99"})
_OVER_PEOPLE: Final[Mapping[PerPerson, str]] = {
    "avg": "avg",
    "median": "quantileExactInclusive(0.5)",
    "p90": "quantileExactInclusive(0.9)",
    "min": "min",
    "max": "max",
}


@dataclass(frozen=True, slots=True)
class Series:
    """``property`` is what the math is done on; None where it counts events or people.
    ``per_person``: the math is done for each person, and this over what it comes to for them.
    ``rolling_days``: for each interval, ``unique`` people of so many days up to its end. ``name``
    and ``unit`` are what the answer calls it. ``computed``: how a virtual property is worked
    out."""

    match: Match
    math: Math = "total"
    property: str | None = None
    per_person: PerPerson | None = None
    rolling_days: int | None = None
    name: str | None = None
    unit: str | None = None
    computed: Node | None = None

    def sums_up(self) -> bool:
        """Whether some rows can be summed up in a number or two (``partial``), however many they
        are. People and percentiles cannot: each person and number has to be kept."""
        return self.math not in _KEEPING_ALL and self.per_person is None

    def of_none(self) -> float | None:
        """What it comes to where there is nothing: of no numbers there is no average, extreme or
        percentile."""
        return None if self.math in _NULL_OF_NONE or self.per_person is not None else 0

    def is_count(self) -> bool:
        """Whether what it comes to is a whole number."""
        return self.math in _COUNTING and self.per_person is None

    def counted(self, values: Parameters, persons: Persons) -> str:
        """What a row must meet for the math to be done on it; blank: nothing."""
        if self.math in OF_NUMBERS:
            return f"isNotNull({self.number(values, persons)})"
        return "" if self.property is None else f"isNotNull({self._text(values, persons)})"

    def number(self, values: Parameters, persons: Persons) -> str:
        """What the math is done on, a Nullable(Float64); blank: not on a property."""
        return (
            ""
            if self.property is None
            else of_event(self.property, persons, values, self.computed).number
        )

    def aggregate(self, values: Parameters, persons: Persons) -> str:
        """A Float64, or a Nullable one; infinite where the number is larger than any."""
        function, argument = self._function(values, persons)
        return self._number(f"{function}({argument})")

    def partial(self, values: Parameters, persons: Persons) -> str:
        """What some of the rows come to, of a series that ``sums_up``: an aggregate, of which
        ``whole`` makes what the rows come to together."""
        function, argument = self._function(values, persons)
        return f"{function}State({argument})"

    def whole(self, partial: str) -> str:
        """What ``aggregate`` gives for all rows that went into some of ``partial``, a column."""
        function, _ = _AGGREGATES[self.math]
        return self._number(f"{function}Merge({partial})")

    def weight(self, values: Parameters, persons: Persons) -> str:
        """How much a value of a breakdown weighs: what adds up, or else how many events have the
        number. Weights of a series that ``sums_up`` add up."""
        if self.math in _ADDING_UP:
            function, argument = self._function(values, persons)
            return self._of_none(f"{function}({argument})")
        return f"count({self.number(values, persons)})"

    def over_people(self, number: str) -> str:
        """What is made of ``number``, an ``aggregate`` for each person: a Nullable(Float64)."""
        if self.per_person is None:
            raise ValueError("the series is not by person")
        return f"toFloat64({_OVER_PEOPLE[self.per_person]}({number} / {_SCALE})) * {_SCALE}"

    def _function(self, values: Parameters, persons: Persons) -> tuple[str, str]:
        function, argument = _AGGREGATES[self.math]
        scaled = f"{self.number(values, persons)} / {_SCALE}" if self.math in OF_NUMBERS else ""
        text = self._text(values, persons) if self.math == "distinct" else ""
        return function, argument.format(key=persons.key, scaled=scaled, text=text)

    def _text(self, values: Parameters, persons: Persons) -> str:
        return (
            ""
            if self.property is None
            else of_event(self.property, persons, values, self.computed).text
        )

    def _number(self, aggregate: str) -> str:
        found = f"toFloat64({self._of_none(aggregate)})"
        return f"{found} * {_SCALE}" if self.math in OF_NUMBERS else found

    def _of_none(self, aggregate: str) -> str:
        return aggregate if self.math in _NULL_OF_NONE else f"ifNull({aggregate}, 0)"
