"""Hosts in a URL."""

import pytest

from whipstitch.core.errors import SettingsError
from whipstitch.warehouse.servers import Servers


def test_hosts_share_user_and_database() -> None:
    found = Servers.parse("https://u:p%40@one,two:9000,[::1]:1/db", "ws", "auto")
    assert [one.name for one in found.addresses] == ["one:8443", "two:9000", "[::1]:1"]
    assert {(one.user, one.password, one.database) for one in found.addresses} == {
        ("u", "p@", "db")
    }
    assert (found.cluster, found.quorum) == ("ws", "auto")


@pytest.mark.parametrize("url", ["http://one,one/db", "http://one:8123,one/db"])
def test_a_host_is_named_once(url: str) -> None:
    with pytest.raises(SettingsError, match="twice"):
        Servers.parse(url)


@pytest.mark.parametrize("url", ["http://one,/db", "ftp://one,two/db", "http://one:x,two/db"])
def test_what_names_no_hosts_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        Servers.parse(url)
