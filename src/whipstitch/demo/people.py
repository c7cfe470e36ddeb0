"""Who visits the demo's shop: made-up people and their devices."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Country(NamedTuple):
    """``utc_offset`` in hours; ``share`` is relative to the other countries; names stand between
    spaces."""

    code: str
    locale: str
    utc_offset: float
    share: int
    first_names: str
    last_names: str


class Model(NamedTuple):
    """A kind of device, its screen in the pixels that clients count in. Apps have a version, and
    name themselves in the User-Agent as no browser does."""

    user_agent: str
    width: int
    height: int
    lib_version: str
    share: int
    defaults: Mapping[str, str]

    @property
    def is_app(self) -> bool:
        return not self.lib_version.startswith("web/")


@dataclass(frozen=True, slots=True)
class Device:
    """Until its owner signs in on it, a device is known by ``anon_id``."""

    anon_id: str
    model: Model
    defaults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """``keenness``: how likely the person is to be back on a given day. A ``member`` had an account
    before the story begins."""

    user_id: str
    name: str
    email: str
    country: Country
    source: str
    keenness: float
    member: bool
    devices: tuple[Device, ...]


APP_VERSION = "2.4.1"
_APP_VERSIONS = ("2.3.0", "2.4.0", APP_VERSION)

_COUNTRIES = (
    Country("US", "en-US", -5, 26, "Ava Liam Mia Noah Zoe Owen Ruby Jack Nora Eli",
            "Miller Davis Moore Clark Lopez Reed Price Ward"),
    Country("DE", "de-DE", 1, 18, "Lena Jonas Mara Felix Ida Paul Clara Emil Greta Max",
            "Fischer Weber Wagner Koch Richter Wolf Schulz Braun"),
    Country("GB", "en-GB", 0, 14, "Amelia Harry Isla Oscar Freya Theo Poppy Arthur Elsie",
            "Hughes Walker Green Wright Hall Baker Cooper Ellis"),
    Country("FR", "fr-FR", 1, 10, "Chloé Hugo Inès Louis Manon Jules Léa Gabriel Alice",
            "Martin Bernard Petit Durand Moreau Laurent Girard Roux"),
    Country("BR", "pt-BR", -3, 10, "Helena Miguel Laura Davi Júlia Pedro Beatriz Rafael",
            "Silva Santos Oliveira Souza Lima Costa Ribeiro Alves"),
    Country("IN", "en-IN", 5.5, 9, "Aarav Diya Vihaan Anika Arjun Meera Kabir Riya",
            "Sharma Patel Singh Reddy Nair Gupta Iyer Das"),
    Country("JP", "ja-JP", 9, 7, "Haruto Yui Sota Aoi Ren Hina Yuto Mei",
            "Sato Suzuki Tanaka Ito Yamamoto Kobayashi Kato Mori"),
    Country("SE", "sv-SE", 1, 6, "Alva Elias Ebba Nils Saga Axel Tuva Love",
            "Lindberg Nyström Holm Sandberg Dahl Berg Ekman Lund"),
)  # fmt: skip

_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"

_PHONES: tuple[Model, ...] = (
    Model("Harbor/2.4 (iPhone; iOS 18.1)", 390, 844, "ios/2.1.0", 32,
          {"$os": "ios", "$os_version": "18.1", "$device_model": "iPhone 15"}),
    Model("Harbor/2.4 (iPhone; iOS 17.6)", 375, 812, "ios/2.0.3", 12,
          {"$os": "ios", "$os_version": "17.6", "$device_model": "iPhone 13 mini"}),
    Model("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UD1A.230803.041)", 412, 915,
          "android/2.0.4", 22, {"$os": "android", "$os_version": "14", "$device_model": "Pixel 8"}),
    Model("Dalvik/2.1.0 (Linux; U; Android 13; SM-A546B Build/TP1A.220624.014)", 412, 892,
          "android/2.0.4", 14,
          {"$os": "android", "$os_version": "13", "$device_model": "SM-A546B"}),
    Model(f"{_IPHONE} (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", 390, 664,
          "web/1.8.2", 20, {}),
)  # fmt: skip
_COMPUTERS: tuple[Model, ...] = (
    Model(f"{_WINDOWS} Chrome/130.0.0.0 Safari/537.36", 1536, 730, "web/1.8.2", 44, {}),
    Model(f"{_WINDOWS} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0", 1920, 950, "web/1.8.2", 14,
          {}),
    Model("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
          "Gecko) Version/18.1 Safari/605.1.15", 1440, 790, "web/1.8.2", 26, {}),
    Model("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", 1920, 940,
          "web/1.8.1", 16, {}),
)  # fmt: skip

_SOURCES = {"direct": 34, "search": 28, "newsletter": 14, "instagram": 14, "podcast": 10}
_KEENNESS = {0.0: 40, 0.08: 34, 0.3: 19, 0.6: 7}
_MEMBERS = 0.1
_STARTING_ON_A_PHONE = 0.6
_TWO_DEVICES = 0.45


def make_person(rng: Random) -> Person:
    """A person as ``rng`` has it: the same from one in the same state."""
    (country,) = rng.choices(_COUNTRIES, [one.share for one in _COUNTRIES])
    first = rng.choice(country.first_names.split())
    last = rng.choice(country.last_names.split())
    number = f"{rng.getrandbits(32):08x}"
    kinds = [_PHONES, _COMPUTERS]
    if rng.random() >= _STARTING_ON_A_PHONE:
        kinds.reverse()
    if rng.random() >= _TWO_DEVICES:
        del kinds[1]
    return Person(
        user_id=f"user_{number}",
        name=f"{first} {last}",
        email=f"{first}.{last}.{number[:4]}@example.com".lower(),
        country=country,
        source=_pick(rng, _SOURCES),
        keenness=_pick(rng, _KEENNESS),
        member=rng.random() < _MEMBERS,
        devices=tuple(_device(rng, models, country) for models in kinds),
    )


def _device(rng: Random, models: tuple[Model, ...], country: Country) -> Device:
    (model,) = rng.choices(models, [one.share for one in models])
    defaults = {**model.defaults, "$locale": country.locale}
    if model.is_app:
        defaults["$app_version"] = rng.choice(_APP_VERSIONS)
    return Device(f"anon_{rng.getrandbits(48):012x}", model, defaults)


def _pick(rng: Random, shares: Mapping[T, int]) -> T:
    return rng.choices(list(shares), list(shares.values()))[0]
