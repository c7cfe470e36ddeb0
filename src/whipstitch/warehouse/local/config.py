"""The child's ``config.xml``: its share of the machine, where it listens and where it writes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whipstitch.warehouse.local.connection import EVERYWHERE, LOOPBACK, Connection
from whipstitch.warehouse.local.xml import Element, document

LOG: Final = "clickhouse.log"
# ClickHouse's defaults are a database server's: gigabytes of caches, and a log of its own queries.
_SHARE: Final[dict[str, Element]] = {
    "background_pool_size": 2,
    "background_schedule_pool_size": 2,
    "background_common_pool_size": 2,
    "background_move_pool_size": 1,
    "background_fetches_pool_size": 1,
    "mark_cache_size": 64 * 2**20,
    "primary_index_cache_size": 64 * 2**20,
    "index_mark_cache_size": 32 * 2**20,
    "uncompressed_cache_size": 0,
    "query_condition_cache_size": 16 * 2**20,
}
_MEMORY_SHARE: Final = 0.5
_LEVEL: Final = "error"
# These quote statements, and so what clients sent.
_SILENT: Final[Element] = {
    "logger": [
        {"name": name, "level": "none"}
        for name in ("executeQuery", "DynamicQueryHandler", "TCPHandler")
    ]
}


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What an operator may decide. Ports that are 0 are chosen; ``memory`` is in bytes, 0 for half
    of the machine's; ``binary`` None takes what is installed."""

    directory: Path
    listen: str = LOOPBACK
    http_port: int = 0
    native_port: int = 0
    memory: int = 0
    binary: Path | None = None


def config_xml(settings: LocalSettings, connection: Connection) -> str:
    """The whole file."""
    memory: dict[str, Element] = (
        {"max_server_memory_usage": settings.memory}
        if settings.memory
        else {"max_server_memory_usage_to_ram_ratio": _MEMORY_SHARE}
    )
    # Whipstitch itself comes over the loopback address.
    hosts = dict.fromkeys(
        [settings.listen] if settings.listen in EVERYWHERE else [LOOPBACK, settings.listen]
    )
    return document(
        {
            # As a server reads it, and as the wheel does.
            "logger": {"level": _LEVEL, "log": LOG, "size": "10M", "count": 3, "levels": _SILENT},
            "log-level": _LEVEL,
            "listen_host": list(hosts),
            "http_port": connection.http_port,
            "tcp_port": connection.native_port,
            "path": "./",
            "tmp_path": "./tmp/",
            "user_directories": {"users_xml": {"path": "users.xml"}},
            "users_config": "users.xml",
            "timezone": "UTC",
            **memory,
            **_SHARE,
        }
    )
