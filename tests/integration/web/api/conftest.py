from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from tests.support.command import registry_of
from tests.support.server import Server

Call = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of the API: each sends events with a name of its own."""
    environment = {"RATE_LIMIT": "0", "DURABILITY": "os"}
    with Server(tmp_path_factory.mktemp("api") / "data", environment=environment) as running:
        yield running


@pytest.fixture(scope="session")
def call(server: Server) -> Iterator[Call]:
    """Asks the server as somebody, by default the first run's admin."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:

        def call(
            method: str, path: str, body: Any = None, token: str | None = None, **params: Any
        ) -> httpx.Response:
            return client.request(
                method,
                path,
                json=body,
                params=params,
                headers={"authorization": f"Bearer {token or server.token}"},
            )

        yield call


@pytest.fixture(scope="session")
def tokens(server: Server) -> dict[str, str]:
    """A viewer and an editor of the project, and an admin of another one."""
    with registry_of(server.data_dir) as registry:
        other = registry.create_project("Other").project.id
        return {
            "viewer": registry.create_token(server.project_id, "viewer").secret,
            "editor": registry.create_token(server.project_id, "editor", "Bob's").secret,
            "stranger": registry.create_token(other, "admin").secret,
        }
