"""Fixtures for all tests."""

from hypothesis import HealthCheck, settings
from tests.support.chdb_store import (
    chdb_url,
    http_clickhouse,
    http_url,
    new_database,
    store,
    store_url,
)

__all__ = ["chdb_url", "http_clickhouse", "http_url", "new_database", "store", "store_url"]

# A machine that is busy with something else is no fault of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
