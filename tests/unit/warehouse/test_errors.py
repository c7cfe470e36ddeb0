"""What ClickHouse's errors mean."""

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from whipstitch.core.errors import (
    PatternRefused,
    QueryCancelled,
    QueryTimedOut,
    QueryTooLarge,
    StorageError,
    StorageRefused,
    StorageUnavailable,
    StorageUnreachable,
)
from whipstitch.warehouse.errors import limited, translated


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (DatabaseError("Cannot parse JSON object", code=117), StorageRefused),
        (DatabaseError("Not enough space", code=243), StorageUnavailable),
        (DatabaseError("Memory limit exceeded", code=241), StorageUnavailable),
        (DatabaseError("Unknown table", code=60), StorageUnavailable),
        (DatabaseError("something new", code=9999), StorageUnavailable),
        (DatabaseError("HTTP driver received HTTP status 502"), StorageUnavailable),
        (OperationalError("Error executing HTTP request"), StorageUnreachable),
        (ConnectionResetError("reset"), StorageUnreachable),
        (ProtocolError("Connection broken"), StorageUnreachable),
        (ReadTimeoutError(None, "", "Read timed out."), StorageUnreachable),  # type: ignore[arg-type]
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


def test_who_cannot_be_reached_is_said_with_the_first_reason() -> None:
    error = OperationalError("Error executing HTTP request")
    error.__cause__ = ProtocolError("Max retries exceeded with url: /?query=")
    error.__cause__.__context__ = ConnectionRefusedError(111, "Connection refused")
    with pytest.raises(StorageUnreachable, match="refused") as caught, translated():
        raise error
    assert "executing" not in str(caught.value)


def test_a_message_stays_one_line_of_bearable_length() -> None:
    with pytest.raises(StorageUnavailable) as caught, translated():
        raise DatabaseError("a\nb" + "x" * 10_000)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_errors_that_are_not_clickhouses_pass() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (159, QueryTimedOut),
        (241, QueryTooLarge),
        (396, QueryTooLarge),
        (168, QueryTooLarge),
        (394, QueryCancelled),
        (9999, StorageUnavailable),
        (117, StorageRefused),
    ],
)
def test_what_a_query_met_is_told_apart(code: int, meaning: type[StorageError]) -> None:
    with pytest.raises(StorageError) as told, translated(), limited():
        raise DatabaseError("confidential", code=code)
    assert type(told.value) is meaning
    assert "confidential" not in str(told.value)


def test_a_pattern_that_cannot_be_compiled_is_named() -> None:
    error = (
        "OptimizedRegularExpression: cannot compile re2: a(\nb, error: missing ): a(. Look at http"
    )
    with pytest.raises(PatternRefused, match="missing") as told, translated(), limited():
        raise DatabaseError(error, code=427)
    assert told.value.pattern == "a(\nb"
