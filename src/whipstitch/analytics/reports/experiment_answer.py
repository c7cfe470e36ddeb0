"""From the rows of an experiment's statement to its answer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from whipstitch.analytics.reports.experiment_query import (
    MISMATCH,
    Experiment,
    ExperimentQuery,
    Mismatch,
    VariantFound,
)
from whipstitch.analytics.reports.experiment_statement import SEVERAL
from whipstitch.analytics.statistics import allocation
from whipstitch.analytics.statistics.posteriors import Chances, chances
from whipstitch.analytics.statistics.samples import Mean, Sample, Share

_Numbers = Sequence[Any]
"""People, how many of them have something of the goal, mean and variance of what they have."""
_NONE: _Numbers = (0, 0, float("nan"), float("nan"))


def shape(query: ExperimentQuery, rows: Sequence[Sequence[Any]]) -> Experiment:
    """The answer that ``rows`` make."""
    whole: dict[int, _Numbers] = {}
    by_start: dict[int, dict[int, _Numbers]] = defaultdict(dict)
    for number, start, is_whole, *numbers in rows:
        if is_whole:
            whole[number] = numbers
        else:
            by_start[number][start] = numbers
    numbers_of = [whole.get(index + 1, _NONE) for index in range(len(query.variants))]
    samples = [_sample(query, one) for one in numbers_of]
    needed = samples[0].needed(query.least_effect)
    told = _chances(samples)
    found = [
        _found(query, index, numbers_of[index], samples, told[index], by_start[index + 1], needed)
        for index in range(len(query.variants))
    ]
    now = query.now or datetime.now(UTC)
    return Experiment(
        variants=found,
        several=whole.get(SEVERAL, _NONE)[0],
        required_people=needed,
        enough=needed is not None
        and all(one.is_enough and one.people >= needed for one in samples),
        mismatch=_mismatch(query, [one.people for one in found]),
        intervals=query.intervals.labels(),
        incomplete=query.intervals.incomplete(query.range, now),
    )


def _sample(query: ExperimentQuery, numbers: _Numbers) -> Sample:
    people, met, mean, variance = numbers
    if query.is_share:
        return Share(people, met)
    return Mean(met if query.is_of_some else people, mean, variance)


def _chances(samples: Sequence[Sample]) -> list[Chances | None]:
    """None of all, where one cannot be told."""
    beliefs = [one.posterior() for one in samples]
    known = [one for one in beliefs if one is not None]
    if len(known) < len(samples):
        return [None] * len(samples)
    return [*chances(known)]


def _found(
    query: ExperimentQuery,
    index: int,
    numbers: _Numbers,
    samples: Sequence[Any],
    told: Chances | None,
    by_start: Mapping[int, _Numbers],
    needed: int | None,
) -> VariantFound:
    sample, control = samples[index], samples[0]
    each = [by_start.get(start, _NONE) for start in query.intervals.starts]
    shown = VariantFound(
        variant=query.variants[index],
        people=numbers[0],
        converted=numbers[1],
        value=sample.value,
        interval=sample.interval(),
        probability_best=None if told is None else _finite(told.best),
        missing_people=None if needed is None else max(0, needed - sample.people),
        people_by=[_sample(query, one).people for one in each],
        values_by=[_sample(query, one).value for one in each],
    )
    if index:
        shown.p_value = sample.p_value(control)
        uplift = sample.uplift_over(control)
        if uplift is not None:
            shown.uplift, shown.uplift_interval = uplift.value, (uplift.low, uplift.high)
        shown.probability_over_control = None if told is None else _finite(told.over_first)
    return shown


def _mismatch(query: ExperimentQuery, people: Sequence[int]) -> Mismatch:
    shares = query.shares or (1.0,) * len(people)
    p_value = allocation.p_value(people, shares)
    expected = [sum(people) * share / sum(shares) for share in shares]
    return Mismatch(expected, p_value, p_value is not None and p_value < MISMATCH)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
