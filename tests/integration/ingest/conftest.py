"""One server a door for all tests that need nothing special of it."""

from collections.abc import Iterator

import pytest
from tests.support.doors import DOORS, Options, Served, serving
from tests.support.mmdb import LONDON, MOUNTAIN_VIEW, write_mmdb


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """Behind trusted proxies, so that a test chooses the client's address; with a city database."""
    directory = tmp_path_factory.mktemp("doors")
    cities = write_mmdb(
        directory / "city.mmdb", {"81.2.69.0/24": LONDON, "8.8.8.8/32": MOUNTAIN_VIEW}
    )
    options = Options(trusted_proxies=("127.0.0.1", "192.0.2.0/24"), geoip=cities)
    with (
        serving("express", directory / "express", options) as express,
        serving("asgi", directory / "asgi", options) as asgi,
    ):
        yield {"express": express, "asgi": asgi}


@pytest.fixture(params=DOORS)
def server(request: pytest.FixtureRequest, servers: dict[str, Served]) -> Served:
    served = servers[request.param]
    served.new_rows()
    return served
