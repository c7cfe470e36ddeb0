"""The device behind a User-Agent (contract, Enrichment: ``$os``, ``$browser``, ``$device_model``).

Only a browser's User-Agent counts, a web view's included. What an
HTTP library, an SDK or a native app says of its device (``MyApp/1.0 (iPhone; iOS 17.4)``,
``MyApp/1 CFNetwork/1494 Darwin/23.4``) is coarser than what such a client puts into its
``default_properties``, so it gives blanks. The exception is Android's own ``Dalvik/2.1.0 (Linux;
U; Android 13; Pixel 7 …)``, which names system and model exactly as an SDK would, though no
browser."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from whipstitch.ingest.enrichment.crawlers import Kind, classifier

if TYPE_CHECKING:
    from ua_parser import Device, PartialResult

LONGEST = 1_000
"""Characters of a User-Agent that are looked at. In-app browsers send up to about 500."""

CACHED = 16_384

_BROWSER_LIKE = ("Mozilla/", "Opera/", "UCWEB/")
_DALVIK = "Dalvik/"

_OS = {
    "iOS": "ios",
    "iPadOS": "ios",
    "Android": "android",
    "Chromecast Android": "android",
    "Mac OS": "darwin",
    "Mac OS X": "darwin",
} | dict.fromkeys(
    (
        "Arch Linux",
        "BackTrack",
        "CentOS",
        "Chrome OS",
        "Chromecast Linux",
        "Debian",
        "Fedora",
        "Gentoo",
        "Kubuntu",
        "Linux",
        "Linux Mint",
        "Lubuntu",
        "Mageia",
        "Mandriva",
        "PCLinuxOS",
        "Puppy",
        "Red Hat",
        "SUSE",
        "Slackware",
        "Ubuntu",
        "openSUSE",
    ),
    "linux",
)
"""The contract's names for ua-parser's families. Those of televisions, consoles and watches have
none and stay blank, like every one that is not listed."""

_NO_MODELS = frozenset({"K", "iOS-Device", "Other"})
"""``K`` is what Chrome sends in place of every model since it reduced its User-Agent."""


@dataclass(frozen=True, slots=True)
class Agent:
    """What a User-Agent says; a text is blank where it says nothing that counts.

    ``bot``: a crawler, monitor or headless browser. HTTP libraries and SDKs are none: the events
    that customers' servers send are those of real people."""

    os: str = ""
    browser: str = ""
    device_model: str = ""
    bot: bool = False


_LONGEST_PRODUCT = 100


def software(agent: Agent, user_agent: str) -> str:
    """What a client is called: a browser and its system (``Firefox, linux``), or of others the
    first product that the User-Agent names (``python-requests/2.32``)."""
    if agent.browser or agent.os:
        return ", ".join(filter(None, (agent.browser, agent.os)))
    return user_agent.split(" ", 1)[0][:_LONGEST_PRODUCT]


UNKNOWN = Agent()
BOT = Agent(bot=True)


class UserAgents:
    """Looks up User-Agents, remembering the latest ``cached`` distinct ones."""

    def __init__(self, cached: int = CACHED) -> None:
        self._cached = lru_cache(maxsize=cached)(_agent)

    def look_up(self, user_agent: str) -> Agent:
        """About 0.2 µs when remembered, 5 to 200 µs when not; the first look-up of a process
        builds the parsers, unless ``warm`` did."""
        # Cut before caching: a key is never longer than what is looked at.
        return self._cached(user_agent[:LONGEST])

    @staticmethod
    def warm() -> None:
        """Build the parsers, which every instance of the process shares: about 0.25 s and 40 MB."""
        _parsers()


class _Parsers(NamedTuple):
    kind: Callable[[str], Kind | None]
    parse: Callable[[str], "PartialResult"]


@cache
def _parsers() -> _Parsers:
    from ua_parser import Domain, load_lazy_builtins
    from ua_parser.regex import Resolver

    resolver = Resolver(load_lazy_builtins())
    return _Parsers(classifier(), lambda user_agent: resolver(user_agent, Domain.ALL))


def _agent(user_agent: str) -> Agent:
    parsers = _parsers()
    # The parsers want UTF-8, which has no lone surrogates.
    user_agent = user_agent.encode(errors="replace").decode()
    kind = parsers.kind(user_agent)
    if kind == "crawler":
        return BOT
    browser_like = user_agent.startswith(_BROWSER_LIKE)
    if kind == "library" or not (browser_like or user_agent.startswith(_DALVIK)):
        return UNKNOWN
    parsed = parsers.parse(user_agent)
    if parsed.device is not None and parsed.device.family == "Spider":
        return BOT
    return Agent(
        os=_os(parsed.os.family) if parsed.os is not None else "",
        browser=parsed.user_agent.family if browser_like and parsed.user_agent is not None else "",
        device_model=_model(parsed.device) if parsed.device is not None else "",
    )


def _os(family: str) -> str:
    return "windows" if family.startswith("Windows") else _OS.get(family, "")


def _model(device: "Device") -> str:
    model = device.model or device.family
    return "" if device.brand == "Generic" or model in _NO_MODELS else model
