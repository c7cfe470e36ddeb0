"""The ClickHouse that the settings name: a child process, or servers."""

from whipstitch.config.setting_values import local_directory
from whipstitch.config.settings import Settings
from whipstitch.registry.watch import SnapshotWatch
from whipstitch.warehouse.local.config import LocalSettings
from whipstitch.warehouse.local.supervisor import LocalClickHouse
from whipstitch.warehouse.servers import Servers


def start_local(settings: Settings, directory: SnapshotWatch) -> LocalClickHouse | None:
    """The child, started; None: the settings name a server."""
    path = local_directory(settings.clickhouse)
    if path is None:
        return None
    local = LocalClickHouse(
        LocalSettings(
            path,
            listen=settings.clickhouse_listen,
            http_port=settings.clickhouse_http_port,
            native_port=settings.clickhouse_native_port,
            memory=settings.clickhouse_memory,
            binary=settings.clickhouse_binary,
        )
    )
    directory.follow(lambda known: local.set_users(known.sql_users))
    local.start()
    return local


def servers_of(settings: Settings) -> Servers:
    return Servers.parse(
        settings.clickhouse, settings.clickhouse_cluster, settings.clickhouse_quorum
    )
