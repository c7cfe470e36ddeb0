from collections.abc import Iterator

import pytest
from tests.support.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of the API: each sends events with a name of its own."""
    environment = {"RATE_LIMIT": "0", "DURABILITY": "os"}
    with Server(tmp_path_factory.mktemp("api") / "data", environment=environment) as running:
        yield running
