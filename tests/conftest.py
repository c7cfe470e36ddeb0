"""Fixtures for all tests."""

from tests.support.chdb_store import (
    chdb_url,
    http_clickhouse,
    http_url,
    new_database,
    store,
    store_url,
)

__all__ = ["chdb_url", "http_clickhouse", "http_url", "new_database", "store", "store_url"]
