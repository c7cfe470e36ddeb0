"""The child's ``config.xml``."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from whipstitch.warehouse.local.config import LocalSettings, config_xml
from whipstitch.warehouse.local.connection import Connection

_CONNECTION = Connection(8123, 9000, "a-password")


def _read(**settings: object) -> ElementTree.Element:
    text = config_xml(LocalSettings(Path("/data"), **settings), _CONNECTION)  # type: ignore[arg-type]
    return ElementTree.fromstring(text)  # noqa: S314 - our own


def _hosts(**settings: object) -> list[str | None]:
    return [host.text for host in _read(**settings).iterfind("listen_host")]


def test_it_listens_where_it_was_told_and_on_the_loopback_address() -> None:
    config = _read()

    assert (config.findtext("http_port"), config.findtext("tcp_port")) == ("8123", "9000")
    assert _hosts() == ["127.0.0.1"]
    assert _hosts(listen="127.0.0.1") == ["127.0.0.1"]
    assert _hosts(listen="192.0.2.7") == ["127.0.0.1", "192.0.2.7"]


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])  # noqa: S104
def test_everywhere_includes_the_loopback_address(everywhere: str) -> None:
    assert _hosts(listen=everywhere) == [everywhere]


def test_its_memory_has_a_ceiling() -> None:
    assert _read(memory=2**30).findtext("max_server_memory_usage") == str(2**30)
    assert _read().findtext("max_server_memory_usage") is None
    assert _read().findtext("max_server_memory_usage_to_ram_ratio") == "0.5"


def test_it_holds_no_password() -> None:
    assert _CONNECTION.password not in config_xml(LocalSettings(Path("/data")), _CONNECTION)
