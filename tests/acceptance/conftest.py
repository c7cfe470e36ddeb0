"""Fixtures for tests in a browser: each module has a ``server`` to look at, of its own or a project
of its own on that of all."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.support.browser import DESK, Dashboard, chromium
from tests.support.server import Server


@pytest.fixture(scope="session")
def everybodys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for modules that need no settings: ``everybodys.in_new_project("Boards")``. Who
    changes what projects share (users, settings) has a server of their own."""
    environment = {"RATE_LIMIT": "0"}
    with Server(tmp_path_factory.mktemp("shared") / "data", environment=environment) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(browser: Browser, server: Server) -> Iterator[Dashboard]:
    dashboard = Dashboard(browser, server)
    dashboard.sign_in()
    yield dashboard
    dashboard.context.close()


@pytest.fixture
def dashboard(signed_in: Dashboard) -> Iterator[Dashboard]:
    """On a wide screen; whatever a test does, nothing may fail in the console or leave the host."""
    yield signed_in
    signed_in.page.set_viewport_size(DESK)  # type: ignore[arg-type]
    complaints, signed_in.complaints = signed_in.complaints, []
    assert complaints == []
