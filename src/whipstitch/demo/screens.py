"""The shop's screens: what is where on them, and where people tap. Everything is measured in
fractions of the screen's width and height, from the top left."""

from random import Random
from typing import NamedTuple


class Area(NamedTuple):
    """A part of a screen. ``pull``: how many tap it who tap just anything; ``tone``: what colour it
    has in a picture, see ``pictures``."""

    name: str
    x: float
    y: float
    width: float
    height: float
    tone: str = "card"
    pull: int = 1


def _top(title: str) -> tuple[Area, ...]:
    return (
        Area("header", 0, 0, 1, 0.09, "bar", 0),
        Area("menu", 0.04, 0.035, 0.08, 0.035, "text", 1),
        Area(title, 0.3, 0.04, 0.4, 0.025, "text", 0),
        Area("cart", 0.87, 0.035, 0.08, 0.035, "accent", 2),
    )


def _grid(columns: int, rows: int, top: float, height: float) -> tuple[Area, ...]:
    wide = 0.92 / columns
    return tuple(
        Area(
            f"product_{row * columns + column + 1}",
            0.04 + column * wide + 0.01,
            top + row * height,
            wide - 0.02,
            height - 0.02,
            pull=8 - 2 * row - column,
        )
        for row in range(rows)
        for column in range(columns)
    )


SCREENS: dict[str, tuple[Area, ...]] = {
    "Home": (
        *_top("logo"),
        Area("search", 0.05, 0.11, 0.9, 0.05, "field", 9),
        Area("banner", 0.05, 0.18, 0.9, 0.2, "accent", 6),
        *_grid(2, 2, 0.42, 0.26),
        Area("account", 0.7, 0.945, 0.25, 0.04, "text", 1),
    ),
    "Search": (
        *_top("title"),
        Area("search", 0.05, 0.11, 0.9, 0.05, "field", 3),
        *_grid(2, 3, 0.19, 0.25),
    ),
    "Product": (
        *_top("title"),
        Area("photo", 0.05, 0.11, 0.9, 0.4, "card", 5),
        Area("name", 0.05, 0.535, 0.6, 0.03, "text", 0),
        Area("price", 0.05, 0.58, 0.25, 0.03, "text", 0),
        *(Area(f"size_{size}", 0.05 + 0.16 * n, 0.64, 0.14, 0.055, "field", 4)
          for n, size in enumerate(("xs", "s", "m", "l"))),
        Area("wishlist", 0.82, 0.535, 0.12, 0.055, "field", 2),
        Area("reviews", 0.05, 0.72, 0.9, 0.08, "card", 2),
        Area("add_to_cart", 0.05, 0.85, 0.9, 0.075, "accent", 6),
    ),
    "Cart": (
        *_top("title"),
        *(Area(f"item_{n + 1}", 0.05, 0.12 + 0.16 * n, 0.9, 0.14, "card", 2) for n in range(3)),
        Area("total", 0.05, 0.7, 0.5, 0.03, "text", 0),
        Area("checkout", 0.05, 0.85, 0.9, 0.075, "accent", 6),
    ),
    "Checkout": (
        *_top("title"),
        Area("address", 0.05, 0.12, 0.9, 0.16, "field", 3),
        Area("coupon", 0.05, 0.31, 0.9, 0.06, "field", 4),
        *(Area(f"pay_by_{way}", 0.05, 0.41 + 0.09 * n, 0.9, 0.075, "card", 3)
          for n, way in enumerate(("card", "paypal", "invoice"))),
        Area("total", 0.05, 0.75, 0.5, 0.03, "text", 0),
        Area("pay", 0.05, 0.85, 0.9, 0.075, "accent", 6),
    ),
    "Account": (
        *_top("title"),
        Area("email", 0.05, 0.2, 0.9, 0.06, "field", 3),
        Area("password", 0.05, 0.29, 0.9, 0.06, "field", 3),
        Area("submit", 0.05, 0.4, 0.9, 0.075, "accent", 4),
        Area("help", 0.3, 0.5, 0.4, 0.03, "text", 1),
    ),
}  # fmt: skip


def any_area(rng: Random, screen: str) -> Area:
    """One that is tapped there, as likely as its ``pull``."""
    areas = SCREENS[screen]
    return rng.choices(areas, [area.pull for area in areas])[0]


def area_of(screen: str, name: str) -> Area:
    return next(area for area in SCREENS[screen] if area.name == name)


def spot(rng: Random, area: Area) -> tuple[float, float]:
    """Where in an area a finger lands: around its middle, never outside."""

    def within(start: float, length: float) -> float:
        return start + length * min(max(rng.gauss(0.5, 0.17), 0.02), 0.98)

    return within(area.x, area.width), within(area.y, area.height)
