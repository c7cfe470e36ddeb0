"""What ClickHouse's errors mean here. Translated once, where they leave the driver."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from clickhouse_connect.driver.exceptions import ClickHouseError, Error, OperationalError
from urllib3.exceptions import HTTPError

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

# ClickHouse's codes that blame the data. Whatever else goes wrong (no room, no memory, no rights,
# a table that somebody dropped) may be mended while the rows wait.
_DATA: Final = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        25,  # CANNOT_PARSE_ESCAPE_SEQUENCE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        32,  # ATTEMPT_TO_READ_AFTER_EOF
        33,  # CANNOT_READ_ALL_DATA
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        128,  # TOO_LARGE_ARRAY_SIZE
        131,  # TOO_LARGE_STRING_SIZE
        167,  # TOO_DEEP_AST
        306,  # TOO_DEEP_RECURSION
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        395,  # FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: an insert looked for keys that stand twice
        467,  # CANNOT_PARSE_BOOL
    }
)
_MANY_PARTS: Final = 252
_SAME_QUERY_RUNS: Final = 216
_DAMAGED: Final = (
    "A file of its data is damaged: what is in that part cannot be read. `whipstitch doctor` says "
    "which one it is and what to do."
)
_KEEPER_AWAY: Final = (
    "It has lost ClickHouse Keeper (or ZooKeeper), without which nothing can be written: start "
    "that again. What is sent waits in the journal."
)
_HINTS: Final = {
    40: _DAMAGED,  # CHECKSUM_DOESNT_MATCH
    89: _DAMAGED,  # UNKNOWN_COMPRESSION_METHOD
    246: _DAMAGED,  # CORRUPTED_DATA
    271: _DAMAGED,  # CANNOT_DECOMPRESS
    225: _KEEPER_AWAY,  # NO_ZOOKEEPER
    242: _KEEPER_AWAY,  # TABLE_IS_READ_ONLY
    999: _KEEPER_AWAY,  # KEEPER_EXCEPTION
    369: (
        "All replicas of a shard that answer are more than 5 seconds behind, so that an answer "
        "could lack rows: `whipstitch cluster check` says how far."
    ),
    _MANY_PARTS: "It merges more slowly than it is given rows; they wait in the journal.",
    _SAME_QUERY_RUNS: "An earlier attempt at the same insert still runs.",
    241: "It has too little memory for this.",
    243: "Its disk is full: free some space.",
    279: "A shard is away: no replica of it answers.",
    497: "Its user lacks a right: grant it, or use another user in --clickhouse.",
    516: "Its user or password is wrong: check --clickhouse.",
}
_LESS: Final = "Ask for less: a shorter range, a longer interval, fewer events or values."
_TIME: Final = QueryTimedOut, f"The query took too long. {_LESS}"
_MEMORY: Final = QueryTooLarge, f"The query needs too much memory. {_LESS}"
_READ: Final = QueryTooLarge, f"The query reads too much. {_LESS}"
_RESULT: Final = QueryTooLarge, f"The answer is too large. {_LESS}"
_COMPLEX: Final = QueryTooLarge, "The query is too complex. Ask with fewer filters or values."
# What a query meets. (Of these only the want of memory meets an insert, which waits for it to end.)
_LIMITS: Final[dict[int, tuple[type[StorageError], str]]] = {
    158: _READ,  # TOO_MANY_ROWS
    159: _TIME,  # TIMEOUT_EXCEEDED
    160: _TIME,  # TOO_SLOW
    167: _COMPLEX,  # TOO_DEEP_AST
    168: _COMPLEX,  # TOO_BIG_AST
    173: _MEMORY,  # CANNOT_ALLOCATE_MEMORY
    191: _RESULT,  # SET_SIZE_LIMIT_EXCEEDED
    241: _MEMORY,  # MEMORY_LIMIT_EXCEEDED
    306: _COMPLEX,  # TOO_DEEP_RECURSION
    307: _READ,  # TOO_MANY_BYTES
    394: (QueryCancelled, "The query was cancelled."),  # QUERY_WAS_CANCELLED
    396: _RESULT,  # TOO_MANY_ROWS_OR_BYTES
}
_PATTERN: Final = re.compile(r"cannot compile re2: (.*), error: (.*?)\. Look at ", re.DOTALL)
_CANNOT_COMPILE_REGEXP: Final = 427
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/@\s]+@|(?<=password=)[^&\s]+")
_READING_A_PART: Final = "while reading from part"
_NAME: Final = re.compile(r"\(([A-Z][A-Z0-9_]+)\)\s*$")
_ABOUT_NAMES: Final = frozenset({46, 47, 60, 81})
"""Codes of unknown functions, columns, tables and databases: what they quote is ours, up to the
query."""
_QUERY: Final = re.compile(r"[\s.:]*\b(?:in scope|while processing)\b", re.IGNORECASE)
_LONGEST: Final = 500


@contextmanager
def translated() -> Iterator[None]:
    """Around calls of the driver.

    Raises:
        StorageRefused: the data is at fault, and will be next time.
        StorageUnavailable: anything else; the same call may succeed later.
    """
    try:
        yield
    except ClickHouseError as error:
        raise _translate(error) from None
    except (OSError, HTTPError) as error:
        # The driver lets the latter through where an answer breaks off.
        raise _unreachable(error) from None


@contextmanager
def limited() -> Iterator[None]:
    """Around a query, within ``translated``: what it asks too much, or what is wrong with it.

    Raises:
        QueryLimit, QueryCancelled, PatternRefused
    """
    try:
        yield
    except Error as error:
        if error.code == _CANNOT_COMPILE_REGEXP and (found := _PATTERN.search(str(error))):
            raise PatternRefused(f"not a regular expression (RE2): {found[2]}", found[1]) from None
        if (limit := _LIMITS.get(error.code or 0)) is None:
            raise
        kind, message = limit
        raise kind(message) from None


def _translate(error: ClickHouseError) -> StorageError:
    code = error.code if isinstance(error, Error) else None
    if code is None and isinstance(error, OperationalError):
        return _unreachable(error)
    if code is None:
        return StorageUnreachable(f"ClickHouse does not answer as it should. {_readable(error)}")
    # What is wrong with a stored part is no fault of the rows that are inserted.
    stored = _READING_A_PART in str(error)
    if code in _DATA and stored:
        return StorageUnavailable(f"{_DAMAGED} {_named(error, code)}")
    if code in _DATA:
        message = f"ClickHouse will not take the data: {_named(error, code)}"
        return StorageRefused(message, _readable(error))
    hint = f"{_HINTS[code]} " if code in _HINTS else ""
    return StorageUnavailable(
        f"ClickHouse does not answer as it should. {hint}{_named(error, code)}"
    )


def _unreachable(error: Exception) -> StorageUnreachable:
    reason: BaseException = error
    while reason.__cause__ or reason.__context__:
        reason = reason.__cause__ or reason.__context__  # type: ignore[assignment] # one of them is
    return StorageUnreachable(f"ClickHouse cannot be reached: {_readable(reason)}.")


def _named(error: Exception, code: int) -> str:
    """Which error it is, without what its text may quote: values of a query or of a row, and logs
    hold none of what clients sent."""
    name = _NAME.search(str(error))
    about = f": {_QUERY.split(_readable(error))[0]}" if code in _ABOUT_NAMES else ""
    return f"{name[1] if name else 'error'} (code {code}){about}"


def _readable(error: BaseException) -> str:
    """The gist of a message, without credentials and at a length for one line."""
    text = " ".join(_CREDENTIALS.sub("", str(error)).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
