"""Whether a server elsewhere answers."""

import time
from collections.abc import Callable

import pytest
from tests.support import proxy as proxy_module
from tests.support.proxy import Proxy

from whipstitch.warehouse import health_check
from whipstitch.warehouse.connection import Address
from whipstitch.warehouse.health_check import HealthCheck

_DEADLINE_SECONDS = 60


def _wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + _DEADLINE_SECONDS
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_server_that_answers_drop_by_drop_is_a_problem_until_it_is_well(
    store_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A fifth of the times of a server; an answer still takes more than twice as long as it may.
    monkeypatch.setattr(health_check, "_PAUSE_SECONDS", 0.4)
    monkeypatch.setattr(health_check, "_LATE_SECONDS", 1.0)
    monkeypatch.setattr(proxy_module, "_TRICKLE_SECONDS", 0.1)
    with Proxy(store_address) as proxy:
        pulse = HealthCheck(lambda: proxy.address.connect({}, seconds=5, database="default"))
        try:
            _wait_until(lambda: pulse.problem is None)
            proxy.mode = "trickle"
            _wait_until(lambda: pulse.problem is not None)
            # For as long as it does: also between an answer that came in the end and the next one.
            for _ in range(60):
                assert pulse.problem is not None
                time.sleep(0.1)
            proxy.mode = "ok"
            _wait_until(lambda: pulse.problem is None)
        finally:
            pulse.stop()
