"""Who works at one time where many want to."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.core.turns import Claim, NoRoom, Turns


class Work:
    """What is done in turns: it goes on until it is ended."""

    def __init__(self, turns: Turns, *claims: Claim) -> None:
        self.claims = claims
        self.began = False
        self._end = asyncio.Event()
        self._task = asyncio.create_task(self._do(turns))

    async def _do(self, turns: Turns) -> None:
        async with turns.turn(*self.claims):
            self.began = True
            await self._end.wait()

    async def end(self) -> None:
        self._end.set()
        await self._task

    async def cancel(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def claims(who: str, most: int = 100) -> Claim:
    return Claim(who, most)


async def begun(works: Sequence[Work]) -> str:
    await settle()
    return "".join("x" if work.began else "." for work in works)


def test_those_who_wait_are_taken_in_rounds() -> None:
    async def run() -> None:
        turns = Turns(1, waiting=100, waiting_each=100)
        first = Work(turns, claims("a"))
        await settle()
        waiting = [Work(turns, claims(who)) for who in "aaabbc"]
        assert await begun([first, *waiting]) == "x......"
        order = []
        working = first
        for _ in waiting:
            await working.end()
            await settle()
            working = next(one for one in waiting if one.began and one not in order)
            order.append(working)
        await working.end()
        assert "".join(str(work.claims[0].who) for work in order) == "abcaba"

    asyncio.run(run())


def test_a_claim_that_is_used_up_leaves_places_to_others() -> None:
    async def run() -> None:
        turns = Turns(4, waiting=100, waiting_each=100)
        shop = claims("shop", 3)
        slow = [Work(turns, claims("ann", 2), shop) for _ in range(3)]
        of_colleague = [Work(turns, claims("bob", 2), shop) for _ in range(2)]
        of_other = [Work(turns, claims("cid", 2), claims("blog", 3)) for _ in range(2)]
        assert await begun([*slow, *of_colleague, *of_other]) == "xx.x.x."

        await slow[0].end()

        # Ann waits for herself, and the shop has room for one again.
        assert (await begun([*slow, *of_colleague, *of_other])).count("x") == 5
        for work in (*slow[1:], *of_colleague, *of_other):
            await work.end()

    asyncio.run(run())


def test_no_more_wait_than_may() -> None:
    async def run() -> None:
        turns = Turns(1, waiting=3, waiting_each=2)
        works = [Work(turns, claims("a")) for _ in range(3)]
        await settle()
        with pytest.raises(NoRoom):
            async with turns.turn(claims("a")):
                pass
        works.append(Work(turns, claims("b")))
        await settle()
        with pytest.raises(NoRoom):
            async with turns.turn(claims("c")):
                pass
        await asyncio.gather(*(work.end() for work in works))
        async with turns.turn(claims("c")):
            pass

    asyncio.run(run())


_STEPS = st.lists(
    st.tuples(st.sampled_from(["begin", "end", "cancel"]), st.integers(0, 50)), max_size=60
)


@given(_STEPS)
def test_whatever_happens_places_are_neither_lost_nor_given_twice(
    steps: list[tuple[str, int]],
) -> None:
    async def run() -> None:
        turns = Turns(3, waiting=1000, waiting_each=1000)
        works: list[Work] = []
        for step, number in steps:
            if step == "begin":
                works.append(Work(turns, claims("abc"[number % 3], 2)))
            elif works:
                work = works.pop(number % len(works))
                # Without a moment in between: it may be given its turn as it is cancelled.
                if step == "end" and work.began:
                    await work.end()
                else:
                    await work.cancel()
            await settle()
            working = Counter(str(work.claims[0].who) for work in works if work.began)
            wanted = Counter(str(work.claims[0].who) for work in works)
            possible = sum(min(count, 2) for count in wanted.values())
            assert working.total() == min(3, possible)
            assert all(count <= 2 for count in working.values())
        for work in works:
            await work.cancel()
        assert (turns._working, turns._waiting, turns._lines) == (0, 0, {})

    asyncio.run(run())


def test_whoever_is_given_a_turn_as_they_leave_passes_it_on() -> None:
    async def run() -> None:
        turns = Turns(1, waiting=10, waiting_each=10)
        first, leaving, last = (Work(turns, claims(who)) for who in "abc")
        await settle()
        first._end.set()
        await asyncio.sleep(0)  # it ends now, and hands over
        leaving._task.cancel()
        assert await begun([leaving, last]) == ".x"
        await last.end()
        assert turns._working == 0

    asyncio.run(run())
