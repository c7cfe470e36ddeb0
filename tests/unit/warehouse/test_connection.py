"""Addresses of ClickHouse."""

import pytest

from whipstitch.core.errors import SettingsError
from whipstitch.warehouse.connection import Address


def test_a_server_is_taken_apart() -> None:
    address = Address.parse("https://me:p%40ss%2Fword@db.example:9443/events%20db")
    assert (address.host, address.port, address.secure) == ("db.example", 9443, True)
    assert (address.user, address.password, address.database) == ("me", "p@ss/word", "events db")


@pytest.mark.parametrize(
    ("url", "port"), [("http://db.example", 8123), ("https://db.example/", 8443)]
)
def test_what_a_server_leaves_out_is_usual(url: str, port: int) -> None:
    address = Address.parse(url)
    assert (address.port, address.user, address.database) == (port, "default", "whipstitch")


@pytest.mark.parametrize(
    "url", ["", "local", "ftp://x", "http://", "http://host:port", "postgres://h/d"]
)
def test_what_is_no_address_is_refused_with_what_is_one(url: str) -> None:
    with pytest.raises(SettingsError, match=r"http\(s\)://user:password@host:8123/database"):
        Address.parse(url)


def test_an_address_shows_no_password() -> None:
    assert "p4ss" not in repr(Address.parse("http://me:p4ss@db.example"))
