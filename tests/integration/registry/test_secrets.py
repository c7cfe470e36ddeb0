"""Secrets that nodes share."""

from concurrent.futures import ThreadPoolExecutor

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
