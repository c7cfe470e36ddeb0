import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # type: ignore[import-untyped]

from whipstitch.ingest.enrichment import crawlers
from whipstitch.ingest.enrichment.crawlers import classifier

classify = classifier()


def test_every_known_crawler_that_is_no_library_and_no_app_is_one() -> None:
    instances = [
        instance
        for entry in CRAWLER_USER_AGENTS_DATA
        if "http-library" not in entry["tags"]
        and entry["pattern"] not in crawlers._PEOPLE | crawlers._SENDERS
        for instance in entry["instances"]
    ]
    assert len(instances) > 1_000
    assert [text for text in instances if classify(text) != "crawler"] == []


def test_every_exception_still_names_a_listed_pattern() -> None:
    listed = {entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA}
    assert listed >= crawlers._PEOPLE | crawlers._SENDERS


@pytest.mark.parametrize(
    "user_agent",
    [
        "Scrapy/2.11.0 (+https://scrapy.org)",
        "colly - https://github.com/gocolly/colly",
        "crawler4j (https://github.com/yasserg/crawler4j/)",
        "Mozilla/4.5 (compatible; HTTrack 3.0x; Windows 98)",
    ],
)
def test_a_library_made_for_crawling_is_a_crawler(user_agent: str) -> None:
    assert classify(user_agent) == "crawler"


@pytest.mark.parametrize(
    "user_agent",
    [
        "curl/8.5.0",
        "python-requests/2.31.0",
        "Python/3.11 aiohttp/3.9.5",
        "Go-http-client/2.0",
        "okhttp/4.12.0",
        "axios/1.6.8",
        "Amazon CloudFront",
        "Zapier",
        "WordPress/6.5; https://blog.example",
        "MyApp/1.2.3 CFNetwork/1494.0.7 Darwin/23.4.0",
        "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621",
        "Mozilla/4.0 (compatible; Win32; WinHttp.WinHttpRequest.5)",
    ],
)
def test_what_carries_the_events_of_real_people_is_a_library(user_agent: str) -> None:
    assert classify(user_agent) == "library"


@pytest.mark.parametrize("user_agent", ["", "Mozilla/5.0", "acme-robotics-sdk/1.0", "\x00"])
def test_what_is_on_no_list_is_neither(user_agent: str) -> None:
    assert classify(user_agent) is None
