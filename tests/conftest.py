"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from tests.support import examples, forked
from tests.support.clickhouse import clickhouse, new_database, schema, store, store_address

from whipstitch.registry import credentials

__all__ = ["clickhouse", "new_database", "schema", "store", "store_address"]

# A machine that is busy with something else is no fault of what is tested. Examples are the same
# each time, for a rare one says nothing of the change that is tested: who looks for them asks for
# more.
settings.register_profile(
    "unhurried",
    deadline=None,
    derandomize=examples.VARIABLE not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")
# Who asks for what is fast gets a look at each rule; all tests have the usual number of examples.
settings.register_profile("glance", settings.get_profile("unhurried"), max_examples=30)
# Passwords of tests may be guessed in no time.
credentials._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
forked.preferred = True

# What `--fast` looks at: the rest needs a server, or a process of its own.
_FAST_DIRECTORIES = ("unit", "integration/journal", "integration/registry")
_SERVERS = frozenset({"clickhouse", "postgres", "postgres_url"})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only tests that need no server")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--fast"):
        settings.load_profile("glance")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whether a directory or file is left out; None: it is not for this to say."""
    if not config.getoption("--fast"):
        return None
    here = Path(__file__).parent
    wanted = [here / directory for directory in _FAST_DIRECTORIES]
    near = any(
        collection_path.is_relative_to(one) or one.is_relative_to(collection_path) for one in wanted
    )
    return None if near else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--fast"):
        return
    left_out = [item for item in items if _needs_server(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _needs_server(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    chosen = getattr(item, "callspec", None)
    parameters = set(map(str, chosen.params.values())) if chosen else set()
    return bool(names & _SERVERS) or ("url" in names and "postgres" in parameters)
