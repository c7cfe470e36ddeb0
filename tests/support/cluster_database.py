"""A database on the cluster that ``WHIPSTITCH_TEST_CLUSTER`` names, for servers of Whipstitch as
processes of their own."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import Final

from tests.support.clickhouse import url_of
from tests.support.cluster import servers

from whipstitch.warehouse.servers import Servers

_SECONDS: Final = 60.0


@contextmanager
def empty_database() -> Iterator[Servers]:
    """One on each host, which the first use makes; it is gone in the end, where hosts answer."""
    name = f"whip_{secrets.token_hex(6)}"
    there = tuple(replace(one, database=name) for one in servers().addresses)
    try:
        yield replace(servers(), addresses=there)
    finally:
        for address in there:
            with (
                suppress(Exception),
                closing(address.connect({}, seconds=_SECONDS, database="default")) as client,
            ):
                client.command(f"DROP DATABASE IF EXISTS {name} SYNC")


def settings_for(hosts: Servers) -> dict[str, str]:
    """What a server is told that uses these hosts."""
    first, *others = hosts.addresses
    there = f"{first.host}:{first.port}"
    listed = ",".join([there, *(f"{one.host}:{one.port}" for one in others)])
    return {
        "clickhouse": url_of(first).replace(there, listed),
        "clickhouse_cluster": hosts.cluster,
    }
