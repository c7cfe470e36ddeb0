"""One server for all tests of the dashboard, and people in front of it."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from tests.support.command import registry_of
from tests.support.server import Server

from whipstitch.registry.values import Role, User
from whipstitch.web.auth.sessions import COOKIE, SignedIn

PASSWORD = "correct horse"
_numbers = itertools.count()


class Visitor:
    """Somebody who is signed in. ``place`` is the project's part of addresses."""

    def __init__(self, server: Server, user: User, secret: str) -> None:
        self.user = user
        self.secret = secret
        self.csrf = SignedIn(user, secret).csrf_token
        self.place = f"/p/{server.project_id}/live"
        self.client = httpx.Client(
            base_url=server.url, trust_env=False, timeout=30, cookies={COOKIE: secret}
        )

    def get(self, page: str) -> httpx.Response:
        return self.client.get(f"{self.place}/{page}")

    def post(self, page: str, **fields: str) -> httpx.Response:
        """A form, as the page sends it."""
        return self.client.post(f"{self.place}/{page}", data={"csrf_token": self.csrf, **fields})


Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # Each test comes from an address of its own.
    environment = {"RATE_LIMIT": "0", "DURABILITY": "os", "TRUSTED_PROXIES": "127.0.0.1"}
    with Server(tmp_path_factory.mktemp("dash") / "data", environment=environment) as running:
        yield running


@pytest.fixture
def visit(server: Server) -> Iterator[Visit]:
    """Signs somebody new in, with a role."""
    with ExitStack() as open_clients, registry_of(server.data_dir) as registry:

        def make(
            role: Role = "admin", password: str = PASSWORD, project: str | None = None
        ) -> Visitor:
            email = f"user{next(_numbers)}@example.com"
            user = registry.create_user(email, password, role, project)
            visitor = Visitor(server, user, registry.start_session(user.email))
            open_clients.enter_context(visitor.client)
            return visitor

        yield make


@pytest.fixture
def stranger(server: Server) -> Iterator[httpx.Client]:
    address = {"x-forwarded-for": f"203.0.113.{next(_numbers) % 250}"}
    with httpx.Client(base_url=server.url, trust_env=False, headers=address, timeout=60) as client:
        yield client
