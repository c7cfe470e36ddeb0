"""What a stream of events remembers."""

from hypothesis import given
from hypothesis import strategies as st

from whipstitch.analytics.events.stream import Found, Landed, Tail, received_since

_SECOND = 1_000_000
_NOW = 1_770_000_000 * _SECOND


def _row(second: float, id_: str = "evt") -> Landed:
    return Landed(_NOW + round(second * _SECOND), id_)


def _look(tail: Tail, there: list[Landed]) -> list[Landed]:
    """What a look sends when these rows are there."""
    found = Found(
        sorted(row for row in there if row.accepted > tail.since),
        max((row.accepted for row in there), default=0),
        many=False,
    )
    fresh = tail.fresh(found)
    tail.passed(found)
    return fresh


@given(
    st.lists(st.tuples(st.integers(1, 600), st.integers(0, 25), st.sampled_from("ab")), max_size=40)
)
def test_rows_that_land_late_and_in_any_order_are_sent_once(
    rows: list[tuple[int, int, str]],
) -> None:
    landing = {_row(at, f"{number}{id_}"): at + late for number, (at, late, id_) in enumerate(rows)}
    tail = Tail(_NOW)
    sent: list[Landed] = []

    for second in range(0, 700, 3):
        sent += _look(tail, [row for row, at in landing.items() if at <= second])

    assert sorted(sent) == sorted(landing)


def test_what_was_there_before_is_not_sent() -> None:
    tail = Tail(_NOW)
    tail.passed(Found([_row(-1, "old")], _NOW - _SECOND, many=False))

    assert _look(tail, [_row(-60, "older"), _row(-1, "old"), _row(-2, "late"), _row(1, "new")]) == [
        _row(-2, "late"),
        _row(1, "new"),
    ]


def test_it_goes_on_after_the_last_row_that_was_received() -> None:
    tail = Tail(_NOW, _row(-100, "b"))
    there = [_row(-101, "z"), _row(-100, "a"), _row(-100, "b"), _row(-100, "c"), _row(0, "d")]

    assert _look(tail, there) == [_row(-100, "c"), _row(0, "d")]
    assert _look(tail, there) == []


def test_a_look_that_did_not_find_all_goes_on_where_it_ended() -> None:
    rows = [_row(second, "x") for second in range(1000)]
    tail = Tail(_NOW, _row(-1))
    sent: list[Landed] = []
    while True:
        found = sorted(row for row in rows if row.accepted > tail.since)[:100]
        fresh = tail.fresh(Found(found, found[-1].accepted, many=True))
        tail.passed(Found(found, found[-1].accepted, many=True))
        if not fresh:
            break
        sent += fresh

    assert sent == rows


def test_it_remembers_no_more_than_it_needs() -> None:
    tail = Tail(_NOW)
    for second in range(25):
        rows = [_row(second, f"{second}-{number}") for number in range(1000)]
        tail.passed(Found(rows, rows[-1].accepted, many=False))

    assert tail.since > _NOW
    assert _look(tail, [_row(24, "24-1"), _row(24, "new")]) == [_row(24, "new")]


def test_rows_are_looked_for_by_their_receipt_where_acceptance_is_ahead_of_the_clock() -> None:
    assert received_since(_NOW - 5 * _SECOND, _NOW) == (_NOW - 5 * _SECOND) // 1000
    assert received_since(_NOW + 86_400 * _SECOND, _NOW) < (_NOW - 60 * _SECOND) // 1000
