"""Fixtures for all tests."""

from hypothesis import HealthCheck, settings
from tests.support.clickhouse import clickhouse, new_database, schema, store, store_address

__all__ = ["clickhouse", "new_database", "schema", "store", "store_address"]

# A machine that is busy with something else is no fault of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
