"""Whether a server elsewhere answers."""

import time
from collections.abc import Callable

from tests.support.proxy import Proxy

from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.health_check import HealthCheck

_DEADLINE_SECONDS = 60


def _wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + _DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_server_that_answers_drop_by_drop_is_a_problem_until_it_is_well(
    store_address: Address,
) -> None:
    with Proxy(store_address) as proxy:
        pulse = HealthCheck(lambda: proxy.address.connect({}, seconds=5, database="default"))
        try:
            _wait_until(lambda: pulse.problem is None)
            proxy.mode = "trickle"
            _wait_until(lambda: pulse.problem is not None)
            # For as long as it does: also between an answer that came in the end and the next one.
            for _ in range(200):
                assert pulse.problem is not None
                time.sleep(0.1)
            proxy.mode = "ok"
            _wait_until(lambda: pulse.problem is None)
        finally:
            pulse.stop()
