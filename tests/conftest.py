"""Fixtures for all tests."""

from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from tests.support import forked
from tests.support.clickhouse import clickhouse, new_database, schema, store, store_address

from whipstitch.registry import credentials

__all__ = ["clickhouse", "new_database", "schema", "store", "store_address"]

# A machine that is busy with something else is no fault of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
# Passwords of tests may be guessed in no time.
credentials._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
forked.preferred = True
