"""What a user for a BI tool may see and do, as ClickHouse's configuration says it.

They ask the views of ``migrations/0009_sql_views.sql``. A view reads with the rights of whoever
asks it, so they need the views' tables, too; of these each has a row policy, which ClickHouse
applies where it reads the rows, before any condition or function of the statement sees them. (A
filter inside a view would not do: ClickHouse may move a condition that raises an error with the row
in its text below it.) Rights on single columns instead of whole tables keep table functions out
that read a table's index past the row policy.

The tables are hidden: ``system.tables`` and ``system.columns`` would tell the size of everybody's
rows together."""

from collections.abc import Mapping
from typing import Final

from whipstitch.core.event_columns import COLUMNS
from whipstitch.warehouse.literals import literal
from whipstitch.warehouse.local.xml import Element

VIEWS: Final = ("sql_events", "sql_people", "sql_aliases")
_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "events": (
        *("project_id", "environment", "timestamp", "received_at", "anon_id"),
        *(one.name for one in COLUMNS),
        *("properties", "default_properties"),
    ),
    "person_aliases": ("project_id", "environment", "alias_id", "accepted", "received"),
    "person_ids": (
        *("project_id", "environment", "id", "parent", "person", "since", "version"),
        "is_deleted",
    ),
    "person_moves": ("project_id", "environment", "id", "person", "version"),
    "person_traits": (
        *("project_id", "environment", "distinct_id", "property", "value", "deleted"),
        *("operation", "version"),
    ),
}
"""The columns that the views read."""
SECONDS: Final = 60
_ROWS: Final = 1_000_000
_RESULT: Final = 512 * 10**6
_MEMORY: Final = 10**9
_THREADS: Final = 2
PRIORITY: Final = 10
"""They give way to statements of a lower number, which are all of Whipstitch's own."""
_BOUNDS: Final[Mapping[str, int | str]] = {
    "readonly": 1,
    "priority": PRIORITY,
    "max_threads": _THREADS,
    "max_execution_time": SECONDS,
    "max_concurrent_queries_for_user": 10,
    "max_memory_usage": _MEMORY,
    "max_memory_usage_for_user": 2 * _MEMORY,
    "max_bytes_before_external_group_by": 4 * 10**8,
    "max_bytes_before_external_sort": 4 * 10**8,
    "max_temporary_data_on_disk_size_for_query": 4 * 10**9,
    "max_temporary_data_on_disk_size_for_user": 8 * 10**9,
    "max_result_rows": _ROWS,
    "max_result_bytes": _RESULT,
    # Where rows of two projects lie in one block, its bloom filter tells of both.
    "use_skip_indexes": 0,
    # Drivers of some years take nothing else.
    "network_compression_method": "LZ4",
}
_CHANGEABLE: Final[Mapping[str, tuple[int, int] | None]] = {
    # Within bounds: 0 would be none.
    "max_execution_time": (1, SECONDS),
    "max_memory_usage": (1, _MEMORY),
    "max_result_bytes": (1, _RESULT),
    "max_result_rows": (1, _ROWS),
    "max_threads": (1, _THREADS),
    "max_block_size": (1, 1_048_576),
    # Of no effect for who inserts nothing.
    "async_insert": None,
    "wait_for_async_insert": None,
    # How an answer is written and sent.
    "date_time_output_format": None,
    "extremes": None,
    "format_csv_delimiter": None,
    "http_headers_progress_interval_ms": None,
    "http_write_exception_in_output_format": None,
    "http_zlib_compression_level": None,
    "enable_http_compression": None,
    "join_use_nulls": None,
    "log_comment": None,
    "network_compression_method": None,
    "network_zstd_compression_level": None,
    "output_format_arrow_string_as_string": None,
    "output_format_binary_write_json_as_string": None,
    "output_format_json_named_tuples_as_objects": None,
    "output_format_json_quote_64bit_integers": None,
    "output_format_json_quote_decimals": None,
    "output_format_json_quote_denormals": None,
    "output_format_native_write_json_as_string": None,
    "output_format_parquet_string_as_string": None,
    "prefer_column_name_to_alias": None,
    "result_overflow_mode": None,
    "send_progress_in_http_headers": None,
    "session_timezone": None,
}
"""What BI tools and drivers send beside a statement. Every other setting is refused."""


def profile() -> dict[str, Element]:
    """The settings that hold for each of them, and which of these they may change."""
    constraints: dict[str, Element] = {}
    for name, bounds in _CHANGEABLE.items():
        limits = {} if bounds is None else {"min": bounds[0], "max": bounds[1]}
        constraints[name] = {**limits, "changeable_in_readonly": ""}
    return {**_BOUNDS, "constraints": constraints}


def grants(database: str) -> list[str]:
    """The statements that give them their rights."""
    tables = [f"GRANT SELECT ON {database}.{view}" for view in VIEWS]
    for table, columns in _READ.items():
        tables.append(f"GRANT SELECT({', '.join(columns)}) ON {database}.{table}")
    return tables


def row_policies(database: str, project_id: str) -> dict[str, Element]:
    """By database and table, the condition that a row meets which they see."""
    theirs = f"project_id = {literal(project_id)}"
    views = ", ".join(map(literal, VIEWS))
    # What is ClickHouse's own is the same for everybody.
    shown = f"database = 'system' OR {{}} IN ({views})"
    return {
        database: {table: {"filter": theirs} for table in _READ},
        "system": {
            "tables": {"filter": shown.format("name")},
            "columns": {"filter": shown.format("table")},
        },
    }
