"""What ClickHouse's errors mean."""

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from whipstitch.errors import StorageError, StorageRefused, StorageUnavailable
from whipstitch.storage.failures import translated


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (DatabaseError("Cannot parse JSON object", code=117), StorageRefused),
        (DatabaseError("'utf-8' codec can't decode byte 0xff"), StorageRefused),
        (DatabaseError("Not enough space", code=243), StorageUnavailable),
        (DatabaseError("Memory limit exceeded", code=241), StorageUnavailable),
        (DatabaseError("Unknown table", code=60), StorageUnavailable),
        (DatabaseError("something new", code=9999), StorageUnavailable),
        (DatabaseError("HTTP driver received HTTP status 502"), StorageUnavailable),
        (OperationalError("Connection refused"), StorageUnavailable),
        (ConnectionResetError("reset"), StorageUnavailable),
    ],
)
def test_only_errors_that_blame_the_data_refuse_it(
    error: Exception, meaning: type[StorageError]
) -> None:
    with pytest.raises(meaning), translated():
        raise error


def test_an_error_says_what_to_do_and_no_password() -> None:
    error = DatabaseError("failed for http://me:s3cret@host:8123/?password=s3cret&x=1", code=243)
    with pytest.raises(StorageUnavailable, match="free some space") as caught, translated():
        raise error
    assert "s3cret" not in str(caught.value)


def test_a_message_stays_one_line_of_bearable_length() -> None:
    with pytest.raises(StorageUnavailable) as caught, translated():
        raise DatabaseError("a\nb" + "x" * 10_000)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_errors_that_are_not_clickhouses_pass() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError
