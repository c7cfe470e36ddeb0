"""Fixtures for tests in a browser: each module has a ``server`` of its own to look at."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.support.browser import DESK, Dashboard, chromium
from tests.support.server import Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(browser: Browser, server: Server) -> Dashboard:
    dashboard = Dashboard(browser, server)
    dashboard.sign_in()
    return dashboard


@pytest.fixture
def dashboard(signed_in: Dashboard) -> Iterator[Dashboard]:
    """On a wide screen; whatever a test does, nothing may fail in the console or leave the host."""
    yield signed_in
    signed_in.page.set_viewport_size(DESK)  # type: ignore[arg-type]
    complaints, signed_in.complaints = signed_in.complaints, []
    assert complaints == []
