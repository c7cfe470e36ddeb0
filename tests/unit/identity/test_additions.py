"""Adding to what is stored gives what a replay gives."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from whipstitch.identity.additions import add
from whipstitch.identity.changes import Resolution
from whipstitch.identity.forest import Forest, Operation, grow

IDS = st.sampled_from("abcdefghij")
PAIRS = st.lists(st.tuples(IDS, IDS), max_size=25)


def resolved(forest: Forest) -> dict[str, Resolution]:
    return {
        id_: Resolution(link.parent, forest.person(id_), link.since, forest.depth(id_))
        for id_, link in forest.links.items()
    }


@given(PAIRS, PAIRS, st.sets(IDS), st.integers(1, 5))
def test_adding_the_last_aliases_gives_what_a_replay_of_all_gives(
    before: Sequence[tuple[str, str]],
    after: Sequence[tuple[str, str]],
    undone: set[str],
    deepest: int,
) -> None:
    first = [Operation(at, *pair) for at, pair in enumerate(before)]
    first += [Operation(50, id_, "", undo=True) for id_ in undone]
    new = [Operation(100 + at, *pair) for at, pair in enumerate(after)]
    stored = resolved(grow(first, deepest))
    heights: dict[str, int] = {}
    for one in stored.values():
        heights[one.person] = max(heights.get(one.person, 0), one.depth)
    named = {id_ for one in new for id_ in one[1:3]}
    ends = {one.alias_id for one in new} - stored.keys()

    found = add(
        {id_: one for id_, one in stored.items() if id_ in named},
        {id_: height for id_, height in heights.items() if id_ in ends},
        new,
        deepest,
    )

    whole = grow([*first, *new], deepest)
    lifted = {
        id_: one._replace(
            person=found.raised[one.person].person,
            depth=one.depth + found.raised[one.person].links,
        )
        for id_, one in stored.items()
        if one.person in found.raised
    }
    assert stored | lifted | dict(found.resolved) == resolved(whole)
    assert found.refused == {
        one: why for one, why in whole.refused.items() if one in new and why in ("loop", "too_deep")
    }
