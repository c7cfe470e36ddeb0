"""Requests as browsers send them from web pages: long heads, hardly two of them alike. Visitors
come from a few countries with many versions of browsers, and each event names the page that it
happened on."""

import json
import time
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from benchmarks.payloads import Target, post

_DIFFERENT: Final = 10_000
"""Requests before the first one is sent again. So many visitors are on a busy site at once, and a
server that remembers heads cannot count on having seen this one."""
_VISITORS: Final = 3_000
_PAGES: Final = 400
_ORIGIN: Final = "https://shop.example"
_SYSTEMS: Final = (
    ("Windows NT 10.0; Win64; x64", "Windows", False),
    ("Macintosh; Intel Mac OS X 10_15_7", "macOS", False),
    ("X11; Linux x86_64", "Linux", False),
    ("Linux; Android 10; K", "Android", True),
)
_LANGUAGES: Final = (
    "en-US,en;q=0.9",
    "en-GB,en-US;q=0.9,en;q=0.8",
    "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "de,en-US;q=0.7,en;q=0.3",
    "fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7",
    "fr,fr-FR;q=0.8,en-US;q=0.5,en;q=0.3",
    "es-ES,es;q=0.9",
    "it-IT,it;q=0.9,en-US;q=0.8,en;q=0.7",
    "pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7",
    "nl-NL,nl;q=0.9",
    "pl-PL,pl;q=0.9,en-US;q=0.8,en;q=0.7",
    "ja,en-US;q=0.9,en;q=0.8",
)
_WORDS: Final = (
    *("linen", "cotton", "wool", "shirt", "jacket", "sandals", "summer", "winter", "sale"),
    *("organic", "recycled", "classic", "slim", "wide", "children", "travel", "kitchen"),
    *("garden", "blue", "olive", "striped", "waterproof", "limited", "edition"),
)


def track(url: str, key: str) -> Target:
    """Events of many visitors, the same ones in the same order in every run."""
    random = Random(20261127)  # noqa: S311
    pages = list(_pages(random))
    visitors = [_visitor(random) for _ in range(_VISITORS)]
    requests = []
    for number in range(_DIFFERENT):
        visitor = int(_VISITORS * random.random() ** 2)
        # The first pages are the home page and what it leads to: most views are of those.
        page = pages[int(_PAGES * random.random() ** 3)]
        headers = {
            **visitors[visitor],
            "Content-Type": "application/json",
            "x-api-key": key,
            "Referer": page,
        }
        body = json.dumps(_event(random, number, visitor, page), separators=(",", ":"))
        requests.append(post(url, "/api/v1/track", headers, body.encode()))
    return Target(url, requests)


def _pages(random: Random) -> Iterator[str]:
    yield f"{_ORIGIN}/"
    for number in range(1, _PAGES):
        path = "-".join(random.sample(_WORDS, random.randint(1, 6)))
        campaign = f"?utm_source=newsletter&utm_campaign={random.choice(_WORDS)}-{number}"
        yield f"{_ORIGIN}/{random.choice(_WORDS)}/{path}{campaign if number % 3 == 0 else ''}"


def _visitor(random: Random) -> dict[str, str]:
    """The headers that a browser sends with every request of a page's script."""
    system, platform, mobile = random.choice(_SYSTEMS)
    language = {"Accept-Language": random.choice(_LANGUAGES)}
    where = {
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Origin": _ORIGIN,
        "Connection": "keep-alive",
        "Sec-Fetch-Dest": "empty",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Site": "cross-site",
    }
    if random.random() < 0.2:
        version = random.randint(128, 146)
        agent = f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
        return {"User-Agent": agent, **language, **where, "Priority": "u=4"}
    version = random.randint(126, 142)
    agent = (
        f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version}.0.0.0 {'Mobile ' if mobile else ''}Safari/537.36"
    )
    brand = "Google Chrome"
    if not mobile and random.random() < 0.25:
        brand, agent = "Microsoft Edge", f"{agent} Edg/{version}.0.0.0"
    hints = {
        "sec-ch-ua": f'"{brand}";v="{version}", "Not=A?Brand";v="24", "Chromium";v="{version}"',
        "sec-ch-ua-mobile": "?1" if mobile else "?0",
        "sec-ch-ua-platform": f'"{platform}"',
    }
    return {**hints, "User-Agent": agent, **language, **where}


def _event(random: Random, number: int, visitor: int, page: str) -> dict[str, Any]:
    """Its length varies as that of the page and of its title."""
    properties: dict[str, Any] = {
        "url": page,
        "title": " ".join(random.sample(_WORDS, random.randint(1, 8))).capitalize(),
        "$session_id": f"sess_{visitor:06x}",
        "position": random.randint(1, 60),
    }
    if number % 4 == 0:
        properties |= {"price": random.randint(100, 30_000) / 100, "currency": "EUR"}
    return {
        "event_name": random.choice(("page_view", "product_viewed", "search", "added_to_cart")),
        "distinct_id": f"visitor_{visitor * 7919:09x}",
        "timestamp": int((time.time() - random.randint(0, 600)) * 1000),
        "properties": properties,
        "default_properties": {"$screen_width": random.choice((390, 1280, 1440, 1920, 2560))},
        "lib_version": "web@2.3.1",
    }
