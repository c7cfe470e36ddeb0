import pytest
from hypothesis import given
from hypothesis import strategies as st

from whipstitch.ingest.enrichment.user_agent import (
    BOT,
    LONGEST,
    UNKNOWN,
    Agent,
    UserAgents,
    software,
)

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
IPHONE_WEB_VIEW = IPHONE + "(KHTML, like Gecko) Mobile/15E148"
PIXEL_WEB_VIEW = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 7 Build/UQ1A; wv) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Version/4.0 Chrome/124.0.0.0 Mobile Safari/537.36"
)
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
CHROME_MOBILE = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36"
WINDOWS_CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}"

agents = UserAgents()


@pytest.mark.parametrize(
    ("user_agent", "os", "browser", "device_model"),
    [
        (
            f"{IPHONE}(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
            "ios",
            "Mobile Safari",
            "iPhone",
        ),
        (
            f"{IPHONE}(KHTML, like Gecko) CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1",
            "ios",
            "Chrome Mobile iOS",
            "iPhone",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
            "ios",
            "Mobile Safari",
            "iPad",
        ),
        (IPHONE_WEB_VIEW, "ios", "Mobile Safari UI/WKWebView", "iPhone"),
        (IPHONE_WEB_VIEW + " Instagram 330.0.0.30.108", "ios", "Instagram", "iPhone"),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 7) {CHROME_MOBILE}",
            "android",
            "Chrome Mobile",
            "Pixel 7",
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
            "SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
            "android",
            "Samsung Internet",
            "SM-S918B",
        ),
        (PIXEL_WEB_VIEW, "android", "Chrome Mobile WebView", "Pixel 7"),
        (WINDOWS_CHROME, "windows", "Chrome", ""),
        (f"{WINDOWS_CHROME} Edg/124.0.0.0", "windows", "Edge", ""),
        (f"{WINDOWS_CHROME} OPR/110.0.0.0", "windows", "Opera", ""),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.4 Safari/605.1.15",
            "darwin",
            "Safari",
            "Mac",
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
            "linux",
            "Firefox",
            "",
        ),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME}", "linux", "Chrome", ""),
        (
            "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423",
            "android",
            "Opera Mini",
            "",
        ),
    ],
)
def test_a_browser_names_its_system_itself_and_its_device(
    user_agent: str, os: str, browser: str, device_model: str
) -> None:
    assert agents.look_up(user_agent) == Agent(os, browser, device_model)


def test_a_system_outside_the_contract_is_blank() -> None:
    tizen = (
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        "76.0.3809.146/6.0 TV Safari/537.36"
    )
    free_bsd = "Mozilla/5.0 (X11; FreeBSD amd64; rv:120.0) Gecko/20100101 Firefox/120.0"
    assert agents.look_up(tizen).os == ""
    assert agents.look_up(free_bsd) == Agent(browser="Firefox")


@pytest.mark.parametrize(
    "user_agent",
    [
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME_MOBILE}",
        "Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0",
    ],
)
def test_a_placeholder_is_no_device_model(user_agent: str) -> None:
    agent = agents.look_up(user_agent)
    assert agent.os == "android"
    assert agent.device_model == ""


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        "Mozilla/5.0",
        "curl/8.5.0",
        "Wget/1.21.4",
        "python-requests/2.31.0",
        "python-httpx/0.27.0",
        "Python-urllib/3.11",
        "Python/3.11 aiohttp/3.9.5",
        "okhttp/4.12.0",
        "axios/1.6.8",
        "Go-http-client/1.1",
        "Dart/3.3 (dart:io)",
        "node",
        "undici",
        "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
        "Java/17.0.1",
        "Apache-HttpClient/4.5.13 (Java/11.0.2)",
        "PostmanRuntime/7.37.0",
        "GuzzleHttp/7",
        "Ktor client",
        "UnityPlayer/2022.3.10f1 (UnityWebRequest/1.0, libcurl/8.1.1-DEV)",
        "MyApp/1.2.3 CFNetwork/1494.0.7 Darwin/23.4.0",
        "MyApp/1.0 (iPhone; iOS 17.4; Scale/3.00)",
        "sankofa-flutter/1.2.0",
        "sankofa-web/1.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)",
        "acme-robotics-sdk/1.0",
        "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621",
        "Mozilla/4.0 (compatible; Win32; WinHttp.WinHttpRequest.5)",
    ],
)
def test_a_library_or_sdk_says_nothing_and_is_no_bot(user_agent: str) -> None:
    assert agents.look_up(user_agent) == UNKNOWN


def test_androids_own_client_names_system_and_model_but_no_browser() -> None:
    dalvik = "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230805.001)"
    assert agents.look_up(dalvik) == Agent(os="android", device_model="Pixel 7")


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, "
        "like Gecko) Chrome/W.X.Y.Z Mobile Safari/537.36 (compatible; Googlebot/2.1; "
        "+http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.0; "
        "+https://openai.com/gptbot)",
        "Mozilla/5.0 (compatible; HeardOfByNobodyBot/0.1; +https://nobody.example)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "WhatsApp/2.19.330 A",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "HeadlessChrome/124.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X) AppleWebKit/538.1 (KHTML, like Gecko) "
        "PhantomJS/2.1.1 Safari/538.1",
        f"{WINDOWS_CHROME} Cypress/13.7.0",
        "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/20.0.3",
    ],
)
def test_a_crawler_or_headless_browser_is_a_bot_and_says_nothing(user_agent: str) -> None:
    assert agents.look_up(user_agent) == BOT


@pytest.mark.parametrize(
    "user_agent",
    [
        f"{view} {app}"
        for view in (IPHONE_WEB_VIEW, PIXEL_WEB_VIEW)
        for app in (
            "MetaIAB Facebook",
            "[FB_IAB/FB4A;FBAV/450.0.0.0;]",
            "WhatsApp/2.24",
            "Viber/22",
            "Tumblr/33",
            "Feedly/90",
            "Snapchat/12.80.0.45 (like Safari/8617.2.4.10.8, panda)",
            "[Pinterest/iOS]",
            "LinkedInApp/9.30",
            "Twitter for iPhone/10.30",
            "Line/14.3.0",
            "KAKAOTALK 10.7.5",
            "MicroMessenger/8.0.47(0x1800312b) NetType/WIFI Language/zh_CN",
            "BytedanceWebview/d8a21c6 musical_ly_33.0",
            "DuckDuckGo/7 Safari/605.1.15",
            "GSA/310.0.6",
            "baiduboxapp/13",
        )
    ]
    + [
        f"{WINDOWS_CHROME} {app}"
        for app in ("Notion/3.5", "Slack/4.38", "YaBrowser/24", "Whale/3", "Electron/28.0.0")
    ]
    + [
        f"Mozilla/5.0 (Linux; Android 15; {device}) {CHROME_MOBILE}"
        for device in ("CPH2557 Build/AP3A.240617.008", "CUBOT NOTE 20", "CUBOT_P40", "KFTRWI")
    ],
)
def test_an_app_that_shows_pages_to_people_is_no_bot(user_agent: str) -> None:
    agent = agents.look_up(user_agent)
    assert not agent.bot
    assert agent.os in ("ios", "android", "windows")


def test_only_the_first_characters_count() -> None:
    padding = "x" * (LONGEST - len(PIXEL_WEB_VIEW))
    known = agents.look_up(PIXEL_WEB_VIEW)
    assert agents.look_up(PIXEL_WEB_VIEW + padding + "Googlebot/2.1") == known
    assert agents.look_up(PIXEL_WEB_VIEW + " Googlebot/2.1") == BOT


def test_a_forgetful_cache_gives_the_same_answers() -> None:
    forgetful = UserAgents(cached=1)
    for user_agent in (WINDOWS_CHROME, PIXEL_WEB_VIEW, WINDOWS_CHROME, "curl/8.5.0"):
        assert forgetful.look_up(user_agent) == agents.look_up(user_agent)


any_text = st.text(st.characters())  # lone surrogates too


@given(any_text | any_text.map("Mozilla/5.0 ({})".format))
def test_no_text_is_an_error(user_agent: str) -> None:
    assert agents.look_up(user_agent).os in ("", "ios", "android", "windows", "darwin", "linux")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (WINDOWS_CHROME, "Chrome, windows"),
        (PIXEL_WEB_VIEW, "Chrome Mobile WebView, android"),
        ("python-requests/2.32.3", "python-requests/2.32.3"),
        ("MyApp/1.0 (iPhone; iOS 17.4)", "MyApp/1.0"),
        ("", ""),
        ("x" * 500, "x" * 100),
    ],
)
def test_software_is_a_browser_on_its_system_or_the_first_product(
    user_agent: str, name: str
) -> None:
    assert software(agents.look_up(user_agent), user_agent) == name
