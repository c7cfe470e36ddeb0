"""From a URL to ClickHouse, which is always reached over its HTTP interface."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from whipstitch.core.errors import SettingsError
from whipstitch.warehouse.client import Client
from whipstitch.warehouse.write_guard import WriteGuard

DATABASE: Final = "whipstitch"
"""Where nobody named another."""
_CONNECT_SECONDS: Final = 5
# How text becomes JSON values: strings that look like dates stay strings, booleans in lists do not
# become numbers, and a key "a.b" is not the object {"a": {"b": …}}. And how they become text again:
# lists of URLs as they were sent.
_JSON: Final[Mapping[str, int | str]] = {
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
    "input_format_json_read_bools_as_numbers": 0,
    "input_format_json_read_bools_as_strings": 0,
    "json_type_escape_dots_in_keys": 1,
    "output_format_json_escape_forward_slashes": 0,
}
# Replicated tables would else leave a block out that is like one of the last hour, though that may
# be deleted. Where a block may come twice, its insert has a token (``loader/insert_requests.py``).
_EACH_BLOCK: Final[Mapping[str, int | str]] = {"insert_deduplicate": 0}
LOADING: Final[Mapping[str, int | str]] = {
    **_JSON,
    "async_insert": 0,
    **_EACH_BLOCK,
    # Blocks of this size, one at a time, bound the memory that a segment of any size takes.
    "max_threads": 1,
    "max_insert_threads": 1,
    "input_format_parallel_parsing": 0,
    "max_block_size": 131_072,
    "max_insert_block_size": 131_072,
    "input_format_max_block_size_bytes": 64 * 2**20,
    "min_insert_block_size_rows": 0,
    "min_insert_block_size_bytes": 0,
    # A client's clock may name any month.
    "max_partitions_per_insert_block": 0,
    # A statement says whose the ids in a segment are, and there may be many.
    "max_query_size": 2**30,
}
QUERYING: Final[Mapping[str, int | str]] = {
    **_JSON,
    "max_threads": 2,
    "max_memory_usage": 10**9,
    "max_bytes_before_external_group_by": 4 * 10**8,
    "max_bytes_before_external_sort": 4 * 10**8,
    # Numbers are scaled so that no sum of them overflows on the way (queries/series.py).
    "optimize_arithmetic_operations_in_aggregate_functions": 0,
    # What one question may take of the server: past it, it is refused with a hint.
    "max_execution_time": 30,
    "max_result_rows": 1_000_000,
    # Property names are part of the text of a statement, and a request may name many.
    "max_query_size": 4 * 2**20,
}
EXPORTING: Final[Mapping[str, int | str]] = {
    # A file is as large as it is, and takes as long as its reader takes. Small blocks, one at a
    # time, keep what is under way small.
    "max_threads": 1,
    "max_block_size": 8192,
    "max_memory_usage": 10**9,
    "min_insert_block_size_rows": 0,
    "min_insert_block_size_bytes": 0,
    "output_format_parquet_row_group_size": 50_000,
    "output_format_parquet_row_group_size_bytes": 32 * 2**20,
    "output_format_json_escape_forward_slashes": 0,
    # A server gives a reader up that takes nothing for so many seconds.
    "http_send_timeout": 600,
}
STITCHING: Final[Mapping[str, int | str]] = {
    **_JSON,
    **_EACH_BLOCK,
    "max_threads": 1,
    "max_memory_usage": 10**9,
    "enable_lightweight_update": 1,
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a ClickHouse server is, and a database on it."""

    database: str
    host: str = ""
    port: int = 0
    secure: bool = False
    user: str = "default"
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """Host and port, for a person."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> Self:
        """``http(s)://user:password@host:8123/database``; the database is ``whipstitch`` where the
        URL names none.

        Raises:
            SettingsError: it is no such URL.
        """
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme not in ("http", "https") or not host:
            raise SettingsError(
                "ClickHouse's address is http(s)://user:password@host:8123/database."
            )
        secure = parts.scheme == "https"
        return cls(
            unquote(parts.path.strip("/")) or DATABASE,
            host=host,
            port=port or (8443 if secure else 8123),
            secure=secure,
            user=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
        )

    def connect(
        self,
        settings: Mapping[str, int | str],
        *,
        seconds: float,
        database: str | None = None,
        guard: WriteGuard | None = None,
    ) -> Client:
        """A client with ``settings``, those that this ClickHouse knows; ``seconds`` is how long an
        answer may take, ``database`` where it starts, by default in the address's; ``guard`` looks
        after what it writes.

        Raises what the driver raises."""
        client = Client(
            "https" if self.secure else "http",
            self.host,
            self.port,
            self.user,
            self.password,
            database or self.database,
            connect_timeout=min(_CONNECT_SECONDS, math.ceil(seconds)),
            send_receive_timeout=math.ceil(seconds),
            show_clickhouse_errors="scrub",
            tz_mode="aware",
            # A session would allow one query at a time.
            autogenerate_session_id=False,
            query_retries=0,
            dedicated_pool=True,
        )
        client.guard = guard
        for name, value in settings.items():
            if name in client.server_settings:
                client.set_client_setting(name, value)
        return client
