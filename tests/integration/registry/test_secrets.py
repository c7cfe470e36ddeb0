"""Secrets that nodes share."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from whipstitch.registry.store import Registry


def test_a_secret_stays_the_same_and_each_name_has_its_own(url: str) -> None:
    with Registry.open(url) as registry:
        made = registry.secret("erasures")
        assert len(made) == 32
        assert registry.secret("another") != made
    with Registry.open(url) as again:
        assert again.secret("erasures") == made


def test_nodes_that_ask_together_share_one(url: str) -> None:
    with Registry.open(url) as one, Registry.open(url) as other, ThreadPoolExecutor(4) as pool:
        asked = pool.map(lambda registry: registry.secret("erasures"), (one, other) * 4)
        assert len(set(asked)) == 1


def test_a_secret_of_a_day_is_gone_when_another_day_is_asked_for(url: str) -> None:
    may, june = date(2026, 5, 31), date(2026, 6, 1)
    with Registry.open(url) as registry:
        kept = registry.secret("visitors")
        other = registry.secret_of_day("visitors of others", may)
        made = registry.secret_of_day("visitors", may)
        assert registry.secret_of_day("visitors", may) == made
        assert registry.secret_of_day("visitors", june) != made
        assert registry.secret_of_day("visitors", may) != made
        assert registry.secret("visitors") == kept
        assert registry.secret_of_day("visitors of others", may) == other
