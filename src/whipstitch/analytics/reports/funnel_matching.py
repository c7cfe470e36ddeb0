"""Each person's best attempt at a funnel, worked out from their events in order.

Events are in the order of time, those of one millisecond in the order of acceptance. An attempt
begins with an event and goes through those behind it. Each of them is, in this order: an excluded
one, which ends the attempt; else the next step that must not be left out, if it matches; else the
first optional one before that which it matches and that is not passed yet; else, in a strict
funnel, the attempt's end. What counts of a person is the attempt that takes most of the steps that
must not be left out within the window, of those that take equally many the one that begins first.

In SQL a person is an array with a number for each event, in order. From it come, aligned with it,
arrays of the time at which an attempt that begins there takes each step. Each is made by looking
from the end to the beginning (``arrayReverseFill``), so that the work grows with the events and not
with their square. (A lambda over the events must not use an array from outside itself: ClickHouse
would copy it for each of them.)"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from whipstitch.analytics.expressions.intervals import Intervals
from whipstitch.analytics.reports.funnel_steps import Exclusion, FunnelMatching
from whipstitch.identity.person_map import Persons
from whipstitch.warehouse.parameters import Parameters

NEVER: Final = 2**62
"""A time that is not reached, as unix milliseconds."""
WHOLE: Final = -(2**62)
"""What stands for the whole range among starts of intervals."""
# An event as a UInt128: milliseconds since _FIRST (44 bits: until the year 2317), acceptance
# (56 bits of microseconds: until the year 4253), which of the matches and exclusions it meets.
_MARK_BITS: Final = 28
_TIME_SHIFT: Final = 56 + _MARK_BITS
_FIRST: Final = -(2**42)
"""A time before any that an event can have."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Rows of ``events`` in SQL. ``event`` is the number that stands for one, in whose order they
    are; ``taken`` whether it matters for an attempt, ``begins`` whether one can begin with it."""

    event: str
    taken: str
    begins: str


def marked(attempts: FunnelMatching, values: Parameters, persons: Persons) -> Marked:
    """How rows of ``events`` stand for themselves."""
    conditions = [f"({one.condition(values, persons)})" for one in attempts.matches]
    excluded = [
        " OR ".join(f"({one.match.condition(values, persons)})" for one in exclusions)
        for exclusions in _by_span(attempts).values()
    ]
    each = [*conditions, *(f"({one})" for one in excluded)]
    marks = " + ".join(f"if({one}, {1 << index}, 0)" for index, one in enumerate(each))
    taken, begins = f"({' OR '.join(each)})", conditions[0]
    if attempts.order == "unordered":
        begins = f"({' OR '.join(conditions)})"
        if excluded:
            # Nobody knows which step it would be: it is none.
            marks = f"if({each[-1]}, {_excluding(attempts, 0)}, {marks})"
            begins = f"({begins} AND NOT {each[-1]})"
    time = f"toUInt128(toUnixTimestamp64Milli(timestamp) - {_FIRST})"
    return Marked(
        f"bitOr(bitOr(bitShiftLeft({time}, {_TIME_SHIFT}), "
        f"bitShiftLeft(toUInt128(accepted), {_MARK_BITS})), toUInt32({marks}))",
        taken,
        begins,
    )


def took(attempts: FunnelMatching, step: int) -> str:
    """Whether an attempt that was chosen took the step of this index.

    Chosen attempts are rows of ``place``, the start of the interval that one began in or WHOLE,
    ``depth``, how many of the steps that must not be left out it took, ``times``, when it took each
    step in unix milliseconds, ``until``, the end of its window (what lies behind it is
    meaningless), and if they are grouped ``began``, the group of the event that it begins with."""
    if attempts.steps[step].optional:
        return f"times[{step + 1}] <= until"
    return f"depth >= {attempts.required.index(step) + 1}"


def best(
    attempts: FunnelMatching,
    people: str,
    columns: Sequence[str],
    intervals: Intervals | None,
    values: Parameters,
    *,
    grouped: bool,
) -> str:
    """Chosen attempts (``took``): each person's best one, and with ``intervals`` the best that
    begins in each. ``people`` is a query of ``events``, for each person the sorted numbers that
    stand for their events (``Marked.event``), if ``grouped`` of ``groups``, aligned with them, and
    of ``columns``, which are kept."""
    reached = list(_unordered(attempts) if attempts.order == "unordered" else _in_order(attempts))
    names = [f"reached_{index}" for index in range(len(reached))]
    begins = "bitTest(mark, 0)"
    if attempts.order == "unordered":
        begins = f"bitAnd(mark, {_excluding(attempts, 0)}) = 0"
    deep = [names[index] for index in attempts.required]
    depth = " + ".join(f"({name} <= time + {attempts.window})" for name in deep)
    depths = (
        f"arrayMap((time, mark, {', '.join(deep)}) -> toUInt8(if({begins}, {depth}, 0)), "
        f"at, marks, {', '.join(deep)})"
    )
    aliased = ", ".join(f"{one} AS {name}" for one, name in zip(reached, names, strict=True))
    kept = "".join(f", {column}" for column in columns)
    carried = f"{', groups' if grouped else ''}{kept}"
    unpacked = (
        f"SELECT arrayMap(event -> toInt64(bitShiftRight(event, {_TIME_SHIFT})) + {_FIRST}, "
        f"events) AS at, arrayMap(event -> toUInt32(bitAnd(event, {2**_MARK_BITS - 1})), events) "
        f"AS marks{carried} FROM ({people})"
    )
    tried = f"SELECT at, marks, {aliased}{carried} FROM ({unpacked})"
    tried = f"SELECT *, {depths} AS depths FROM ({tried})"
    if intervals is None:
        began = ", groups[best] AS began" if grouped else ""
        times = f"[{', '.join(f'{name}[best]' for name in names)}]"
        return (
            f"SELECT toInt64({WHOLE}) AS place, arrayMax(depths) AS depth, "
            f"indexOf(depths, depth) AS best, {_sorted(attempts, times)} AS times, "
            f"at[best] + {attempts.window} AS until{began}{kept} FROM ({tried})"
        )
    return _in_each(attempts, names, tried, kept, intervals, values, grouped=grouped)


def _in_each(
    attempts: FunnelMatching,
    names: Sequence[str],
    tried: str,
    kept: str,
    intervals: Intervals,
    values: Parameters,
    *,
    grouped: bool,
) -> str:
    starts = values.add(intervals.starts, "Array(Int64)")
    group, began = (", groups", ", chosen.5 AS began") if grouped else ("", "")
    # What is to be known of each attempt: the best sorts first, of each interval.
    rank = f"(roundDown(time, {starts}), -toInt16(depth), index, [{', '.join(names)}]"
    each = (
        f"arrayMap((time, depth, index, {', '.join(names)}{group}) -> {rank}{group}), "
        f"at, depths, arrayEnumerate(at), {', '.join(names)}{group})"
    )
    ranked = f"arraySort(one -> (one.1, one.2, one.3), arrayFilter(one -> one.2 < 0, {each}))"
    overall = "arraySort(one -> (one.2, one.3), ranked)[1]"
    parts = ", ".join(f"{overall}.{part}" for part in range(2, 6 if grouped else 5))
    firsts = (
        "arrayFilter((one, before) -> one.1 != before, ranked, "
        f"arrayPopBack(arrayPushFront(ranked.1, toInt64({WHOLE}))))"
    )
    return (
        f"SELECT chosen.1 AS place, toUInt8(-chosen.2) AS depth, "
        f"{_sorted(attempts, 'chosen.4')} AS times, times[1] + {attempts.window} AS until"
        f"{began}{kept} FROM (SELECT {ranked} AS ranked, "
        f"arrayJoin(arrayPushFront({firsts}, (toInt64({WHOLE}), {parts}))) AS chosen{kept} "
        f"FROM ({tried}))"
    )


def _sorted(attempts: FunnelMatching, times: str) -> str:
    return f"arraySort({times})" if attempts.order == "unordered" else times


# Marks of an event: a bit for each of ``matches``, then one for each span of exclusions.


def _by_span(attempts: FunnelMatching) -> dict[tuple[int, int], list[Exclusion]]:
    spans: dict[tuple[int, int], list[Exclusion]] = {}
    for one in attempts.exclusions:
        spans.setdefault((one.first, one.last), []).append(one)
    return spans


def _excluding(attempts: FunnelMatching, taken: int) -> int:
    """The marks of what ends an attempt whose last step is ``taken``."""
    first = len(attempts.matches)
    spans = enumerate(_by_span(attempts))
    return sum(1 << first + index for index, (begin, end) in spans if begin <= taken < end)


# The times, aligned with the events, at which an attempt that begins there takes each step.


def _in_order(attempts: FunnelMatching) -> Iterator[str]:
    for step in range(len(attempts.steps)):
        yield _time_of(attempts, step)


def _time_of(attempts: FunnelMatching, target: int) -> str:
    """``rest`` is the time of ``target`` in an attempt that takes the step in hand next, and looks
    for it from an event on."""
    strict = attempts.order == "strict"
    rest = None
    for step in range(target, 0, -1):
        previous, mark = attempts.previous(step), 1 << step
        stops = _excluding(attempts, previous)
        taken = "at" if rest is None else _behind(rest)
        if not attempts.steps[step].optional:
            rest = _first(taken, mark, stops, waits=not strict)
        elif strict or attempts.previous(target) == previous:
            following = attempts.following(step)
            end = len(attempts.steps) if following is None else following
            stops |= 0 if following is None else 1 << following
            looks_for = sum(1 << one for one in range(step, end)) | stops
            rest = _or_passed(step, rest, mark, stops, looks_for, waits=not strict)
        # Else it makes no difference: in an ordered funnel others may lie between.
    return "at" if rest is None else _behind(rest)


def _or_passed(
    step: int, rest: str | None, mark: int, stops: int, looks_for: int, *, waits: bool
) -> str:
    """The time of an optional step (``rest`` None), or of what lies behind it: from the first event
    on that it takes, or that is one of those which may follow."""
    takes = f"bitAnd(mark, {mark}) != 0 AND bitAnd(mark, {stops}) = 0"
    if rest is None:
        here = f"arrayMap((time, mark) -> if({takes}, time, {NEVER}), at, marks)"
    else:
        # ``rest`` is needed twice, and is long: it gets a name.
        name = f"rest_{step}"
        later = f"arrayMap((taken, passed, mark) -> if({takes}, taken, passed), "
        here = f"arrayMap({name} -> {later}{_behind(name)}, {name}, marks), [{rest}])[1]"
    if not waits:
        return here
    return f"arrayReverseFill((time, mark) -> bitAnd(mark, {looks_for}) != 0, {here}, marks)"


def _unordered(attempts: FunnelMatching) -> Iterator[str]:
    """Of steps that one event may match, n are taken once there are enough events for any of them
    (Hall's theorem): of m steps, those in any set of s are left out at most m - n times, so events
    that match some of the set are n - m + s or more."""
    counts = [attempts.steps.count(match) for match in attempts.matches]
    stops = _excluding(attempts, 0)
    for part in attempts.alike():
        together = sum(counts[index] for index in part)
        for taken in range(1, together + 1):
            times = [
                _nth(sum(1 << index for index in chosen), needed, stops)
                for size in range(1, len(part) + 1)
                for chosen in combinations(part, size)
                if (needed := taken - together + sum(counts[index] for index in chosen)) > 0
            ]
            if len(times) == 1:
                yield times[0]
            else:
                names = ", ".join(f"time_{index}" for index in range(len(times)))
                yield f"arrayMap(({names}) -> greatest({names}), {', '.join(times)})"


def _nth(marks: int, number: int, stops: int) -> str:
    """The time of the ``number``-th event from here on that has one of ``marks``."""
    time = _first("at", marks, stops)
    for _ in range(number - 1):
        time = _first(_behind(time), marks, stops)
    return time


def _first(time: str, marks: int, stops: int, *, waits: bool = True) -> str:
    """``time`` at the first event from here on (not ``waits``: at this one) that has one of
    ``marks``, unless one that has one of ``stops`` comes first, or is that event."""
    takes = f"bitAnd(mark, {marks}) != 0"
    if stops:
        takes += f" AND bitAnd(mark, {stops}) = 0"
    here = f"arrayMap((time, mark) -> if({takes}, time, {NEVER}), {time}, marks)"
    if not waits:
        return here
    found = f"(time, mark) -> bitAnd(mark, {marks | stops}) != 0"
    return f"arrayReverseFill({found}, {here}, marks)"


def _behind(time: str) -> str:
    """``time`` at the event behind this one."""
    return f"arrayPushBack(arrayPopFront({time}), {NEVER})"
