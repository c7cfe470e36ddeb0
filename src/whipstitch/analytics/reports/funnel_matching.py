"""Each person's best attempt at a funnel, worked out from their events in order.

Events are in the order of time, those of one millisecond in the order of acceptance. An attempt
begins with an event and has each further one as early as it can, one event for one step. What
counts of a person is the attempt that gets furthest within the window, of those that get equally
far the one that begins first.

In SQL a person is an array with a number for each event, in order. From it come, aligned with it,
arrays of the time at which an attempt that begins there takes each step. Each is made by looking
from the end to the beginning (``arrayReverseFill``), so that the work grows with the events and not
with their square."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from whipstitch.analytics.expressions.event_matcher import Match
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

Order = Literal["ordered", "strict", "unordered"]

MOST_STEPS: Final = 20
MOST_ALIKE: Final = 10
"""How many steps that one event may match an unordered funnel can have, if they are of several
kinds."""
MOST_KINDS: Final = 5
"""Of how many kinds these can be: there is something to work out for every set of kinds."""

NEVER: Final = 2**62
"""A time that is not reached, as unix milliseconds."""
# An event as a UInt128: unix milliseconds, acceptance (64 bits), which of the matches it meets.
_MARK_BITS: Final = 20
_TIME_SHIFT: Final = 64 + _MARK_BITS


@dataclass(frozen=True, slots=True)
class FunnelMatching:
    """``window`` is in milliseconds, from an attempt's first event on; its end is inside."""

    steps: tuple[Match, ...]
    window: int
    order: Order

    @property
    def matches(self) -> tuple[Match, ...]:
        """What an event is compared with: at most 20, the order of its marks."""
        return tuple(dict.fromkeys(self.steps)) if self.order == "unordered" else self.steps

    @property
    def too_much_alike(self) -> bool:
        """Whether it is too much to work out which event is best taken for which step."""
        if self.order != "unordered":
            return False
        return any(
            len(part) > MOST_KINDS
            or (
                len(part) > 1
                and sum(self.matches.index(one) in part for one in self.steps) > MOST_ALIKE
            )
            for part in self.alike()
        )

    def alike(self) -> list[list[int]]:
        """The ``matches``, as indexes, in parts such that no event meets some of two parts."""
        if any(match.event_name is None for match in self.matches):
            return [list(range(len(self.matches)))]
        parts: dict[str | None, list[int]] = {}
        for index, match in enumerate(self.matches):
            parts.setdefault(match.event_name, []).append(index)
        return list(parts.values())

    def of_people(self, people: str, columns: Sequence[str] = ()) -> str:
        """A query of each person's best attempt, from a query of ``events``, for each person the
        sorted numbers that stand for their events (``Marked.event``), and of ``columns``. It has
        these, ``depth``, how many steps were taken, ``times``, when in unix milliseconds (what lies
        behind ``depth`` is meaningless), and ``best``, the index in ``events`` of the event that
        the attempt begins with."""
        kept = "".join(f", {column}" for column in columns)
        reached = list(_unordered(self) if self.order == "unordered" else _in_order(self))
        names = [f"reached_{index}" for index in range(len(reached))]
        begins = "1" if self.order == "unordered" else "bitTest(mark, 0)"
        depth = " + ".join(f"({name} <= time + {self.window})" for name in names)
        depths = (
            f"arrayMap((time, mark, {', '.join(names)}) -> toUInt8(if({begins}, {depth}, 0)), "
            f"at, marks, {', '.join(names)})"
        )
        times = f"[{', '.join(f'{name}[best]' for name in names)}]"
        if self.order == "unordered":
            times = f"arraySort({times})"
        aliased = ", ".join(f"{one} AS {name}" for one, name in zip(reached, names, strict=True))
        unpacked = (
            f"SELECT arrayMap(event -> toInt64(bitShiftRight(event, {_TIME_SHIFT})), events) "
            f"AS at, arrayMap(event -> toUInt32(bitAnd(event, {2**_MARK_BITS - 1})), events) "
            f"AS marks{kept} FROM ({people})"
        )
        return (
            f"SELECT {depths} AS depths, arrayMax(depths) AS depth, "
            f"indexOf(depths, depth) AS best, {times} AS times{kept} "
            f"FROM (SELECT at, marks, {aliased}{kept} FROM ({unpacked}))"
        )


@dataclass(frozen=True, slots=True)
class Marked:
    """Rows of ``events`` in SQL. ``event`` is the number that stands for one, in whose order they
    are; ``taken`` whether it may be a step, ``begins`` whether an attempt can begin with it."""

    event: str
    taken: str
    begins: str


def marked(attempts: FunnelMatching, values: Parameters, persons: Persons) -> Marked:
    """How rows of ``events`` stand for themselves."""
    conditions = [f"({one.condition(values, persons)})" for one in attempts.matches]
    marks = " + ".join(f"if({one}, {1 << index}, 0)" for index, one in enumerate(conditions))
    taken = f"({' OR '.join(conditions)})"
    time = "toUInt128(toUnixTimestamp64Milli(timestamp))"
    return Marked(
        f"bitOr(bitOr(bitShiftLeft({time}, {_TIME_SHIFT}), "
        f"bitShiftLeft(toUInt128(accepted), {_MARK_BITS})), toUInt32({marks}))",
        taken,
        taken if attempts.order == "unordered" else conditions[0],
    )


# The times, aligned with the events, at which an attempt that begins there takes each step.


def _in_order(attempts: FunnelMatching) -> Iterator[str]:
    for step in range(len(attempts.steps)):
        time = "at"
        for index in range(step, 0, -1):
            time = _behind(_first(time, 1 << index, waits=attempts.order == "ordered"))
        yield time


def _unordered(attempts: FunnelMatching) -> Iterator[str]:
    """Of steps that one event may match, n are taken once there are enough events for any of them
    (Hall's theorem): of m steps, those in any set of s are left out at most m - n times, so events
    that match some of the set are n - m + s or more."""
    counts = [attempts.steps.count(match) for match in attempts.matches]
    for part in attempts.alike():
        together = sum(counts[index] for index in part)
        for taken in range(1, together + 1):
            times = [
                _nth(sum(1 << index for index in chosen), needed)
                for size in range(1, len(part) + 1)
                for chosen in combinations(part, size)
                if (needed := taken - together + sum(counts[index] for index in chosen)) > 0
            ]
            if len(times) == 1:
                yield times[0]
            else:
                names = ", ".join(f"time_{index}" for index in range(len(times)))
                yield f"arrayMap(({names}) -> greatest({names}), {', '.join(times)})"


def _nth(marks: int, number: int) -> str:
    """The time of the ``number``-th event from here on that has one of ``marks``."""
    time = _first("at", marks)
    for _ in range(number - 1):
        time = _first(_behind(time), marks)
    return time


def _first(time: str, marks: int, *, waits: bool = True) -> str:
    """``time`` at the first event from here on (not ``waits``: at this one) that has one of
    ``marks``."""
    here = f"arrayMap((time, mark) -> if(bitAnd(mark, {marks}) != 0, time, {NEVER}), {time}, marks)"
    if not waits:
        return here
    return f"arrayReverseFill((time, mark) -> bitAnd(mark, {marks}) != 0, {here}, marks)"


def _behind(time: str) -> str:
    """``time`` at the event behind this one."""
    return f"arrayPushBack(arrayPopFront({time}), {NEVER})"
