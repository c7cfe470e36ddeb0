"""Which operations repeat others."""

from hypothesis import given
from hypothesis import strategies as st

from whipstitch.loader.repeats import decide

WINDOW = 10
NUMBERS = st.lists(st.integers(0, 60), unique=True, max_size=12)


def brute_force(numbers: list[int], known: list[int]) -> set[int]:
    """Those that are taken, one after the other."""
    taken = set(known)
    for number in sorted(numbers):
        if number not in taken and all(abs(number - one) > WINDOW for one in taken):
            taken.add(number)
    return taken


@given(NUMBERS, st.sampled_from([[], [5], [3, 30]]))
def test_the_first_of_each_window_is_taken_and_the_others_repeat_it(
    numbers: list[int], known: list[int]
) -> None:
    decision = decide([("a", number) for number in numbers], {"a": known}, WINDOW)

    taken = brute_force(numbers, known)
    assert {number for _, number in decision.taken} == taken - set(known)
    assert {number for _, number in decision.repeats} == set(numbers) - taken


@given(NUMBERS, st.randoms())
def test_an_attempt_in_pieces_after_one_that_was_cut_off_decides_the_same(
    numbers: list[int], random: object
) -> None:
    arriving = [("a", number) for number in numbers]
    first = decide(arriving, {}, WINDOW)
    known = {"a": [number for _, number in first.taken]}
    pieces = list(arriving)
    random.shuffle(pieces)  # type: ignore[attr-defined]

    again = [decide([piece], known, WINDOW) for piece in pieces]

    assert not [taken for one in again for taken in one.taken]
    assert {repeat for one in again for repeat in one.repeats} == first.repeats


def test_one_that_is_loaded_later_gives_way_though_it_was_accepted_first() -> None:
    decision = decide([("a", 4)], {"a": [7]}, WINDOW)

    assert decision.repeats == {("a", 4)}
    assert not decision.taken


def test_other_ids_are_other_operations() -> None:
    decision = decide([("a", 4), ("b", 5)], {"c": [4]}, WINDOW)

    assert decision.taken == [("a", 4), ("b", 5)]
    assert not decision.repeats
