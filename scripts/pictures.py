"""Makes the README's pictures from the demo, in a headless Chromium.

    scripts/test --version && .venv/bin/python scripts/pictures.py

The first command installs what this needs. The pictures go to docs/pictures. No two runs make the
same, for the demo's month ends today."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
MOST_BYTES = 200_000
PEOPLE = 1200
SIZE = {"width": 1200, "height": 760}
COMMAND = Path(sys.executable).with_name("whipstitch")


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        log = Path(place, "log")
        command = [COMMAND, "demo", "--people", str(PEOPLE), "--port", "0", "--json"]
        with log.open("w") as said:
            server = subprocess.Popen(  # noqa: S603 - the command beside this interpreter
                [*map(str, command), "--data-dir", str(Path(place, "data"))],
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        try:
            assert server.stdout is not None  # noqa: S101 - it is a pipe
            printed = json.loads(server.stdout.readline())
            while "demo_sent" not in log.read_text():
                if server.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(1)
            time.sleep(5)  # what was accepted last is stored
            take(printed["address"], printed["first_run"], printed["demo"]["project_id"])
        finally:
            server.terminate()
            server.wait()


def take(address: str, account: dict[str, Any], project: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        page = browser.new_context(
            base_url=address, viewport=SIZE, locale="en-GB", timezone_id="UTC"
        ).new_page()
        page.goto("/")
        page.get_by_label("E-mail").fill(account["email"])
        page.get_by_label("Password").fill(account["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/p/**")
        board = ask(address, account["token"], "boards")["boards"][0]["id"]
        shoot(page, f"/p/{project}/live/board?id={board}", "board")
        person = max(
            ask(address, account["token"], "people?limit=200")["people"],
            key=lambda one: (len(one["aliases"]), one["event_count"]),
        )
        shoot(page, f"/p/{project}/live/person?id={person['distinct_id']}", "person")
        browser.close()


def ask(address: str, token: str, path: str) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the server that was started here
        f"{address}/api/v1/{path}", headers={"authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def shoot(page: Page, path: str, name: str) -> None:
    page.goto(path)
    expect(page.locator("[aria-busy], main .skeleton")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(1000)  # charts are drawn to their width
    PICTURES.mkdir(exist_ok=True)
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file)
    if file.stat().st_size > MOST_BYTES:
        sys.exit(f"{file} has {file.stat().st_size} bytes, more than {MOST_BYTES}.")


if __name__ == "__main__":
    main()
