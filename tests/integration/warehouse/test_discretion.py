"""ClickHouse quotes values in its errors; ours, which are logged, do not."""

import pytest

from whipstitch.core.errors import StorageError, StorageRefused
from whipstitch.warehouse.store import Store

SECRET = {"value": "confidential"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM nowhere WHERE name = {value:String}",
        "SELECT nothing FROM events WHERE event_name = {value:String}",
        "SELECT no_function(1) FROM events WHERE event_name = {value:String}",
        "SELECT toInt32({value:String})",
        "SELECT {value:String",
    ],
)
def test_an_error_does_not_quote_the_values_of_a_query(store: Store, sql: str) -> None:
    with pytest.raises(StorageError, match="code") as told:
        store.query(sql, SECRET)
    assert SECRET["value"] not in str(told.value)


def test_what_refused_data_said_is_kept_apart_for_the_operator(store: Store) -> None:
    with pytest.raises(StorageRefused) as told:
        store.query("SELECT toInt32({value:String})", SECRET)
    assert SECRET["value"] in told.value.detail
