"""Who may stay where there are too many."""

import time

from whipstitch.core.addresses import TrustedProxies
from whipstitch.ingest.http.connection_limits import ConnectionLimits

_NONE = TrustedProxies.parse(())


class Guest:
    def __init__(self, idle: float | None = None) -> None:
        self._idle = idle
        self.away = False

    def idle_since(self, now: float) -> float | None:
        return None if self._idle is None else now - self._idle

    def send_away(self) -> None:
        self.away = True


def _crowd(most: int = 4, most_each: int = 4, proxies: TrustedProxies = _NONE) -> ConnectionLimits:
    return ConnectionLimits(most, most_each, proxies)


def test_nobody_enters_where_all_are_busy() -> None:
    crowd = _crowd()
    guests = [Guest() for _ in range(4)]
    assert all(crowd.enter(guest, "a") for guest in guests)
    assert not crowd.enter(Guest(), "b")
    assert (len(crowd), crowd.turned_away) == (4, 1)
    crowd.leave(guests[0])
    assert crowd.enter(Guest(), "b")


def test_the_longest_idle_makes_room() -> None:
    crowd = _crowd()
    guests = [Guest(), Guest(5.0), Guest(9.0), Guest(1.0)]
    assert all(crowd.enter(guest, "a") for guest in guests)
    assert crowd.enter(Guest(), "b")
    assert [guest.away for guest in guests] == [False, False, True, False]
    assert len(crowd) == 4


def test_one_address_takes_no_more_than_its_share_and_makes_room_by_itself() -> None:
    crowd = _crowd(most=9, most_each=2)
    other = Guest(60.0)
    assert crowd.enter(other, "b")
    assert crowd.enter(Guest(), "a")
    assert crowd.enter(Guest(), "a")
    assert not crowd.enter(Guest(), "a")
    assert not other.away
    assert crowd.enter(Guest(), "c")


def test_an_idle_connection_of_the_same_address_makes_room_for_its_next() -> None:
    crowd = _crowd(most=9, most_each=2)
    idle = Guest(3.0)
    assert crowd.enter(idle, "a")
    assert crowd.enter(Guest(), "a")
    assert crowd.enter(Guest(), "a")
    assert idle.away
    assert len(crowd) == 2


def test_a_proxy_of_ours_may_have_all() -> None:
    crowd = _crowd(most=4, most_each=1, proxies=TrustedProxies.parse(("10.0.0.0/8",)))
    assert all(crowd.enter(Guest(), "10.1.2.3") for _ in range(4))
    assert not crowd.enter(Guest(), "10.1.2.3")


def test_who_never_entered_may_leave() -> None:
    crowd = _crowd(most=1)
    inside, outside = Guest(), Guest()
    assert crowd.enter(inside, "a")
    assert not crowd.enter(outside, "a")
    crowd.leave(outside)
    assert len(crowd) == 1


def test_looking_for_whom_to_send_away_is_not_done_for_each_of_many() -> None:
    crowd = _crowd(most=1)
    assert crowd.enter(Guest(), "a")
    assert not crowd.enter(Guest(), "a")
    looked = crowd._looked
    assert not crowd.enter(Guest(), "a")
    assert crowd._looked == looked or time.monotonic() - looked > 0.1
