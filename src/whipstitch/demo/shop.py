"""What the demo's shop sells, and what its visitors look for."""

from typing import Any, NamedTuple
from zlib import crc32


class Product(NamedTuple):
    name: str
    category: str
    price: float


PRODUCTS = (
    Product("Linen shirt", "Clothing", 49.0),
    Product("Rain jacket", "Clothing", 119.0),
    Product("Wool socks", "Clothing", 12.5),
    Product("Canvas tote", "Bags", 24.0),
    Product("Day pack", "Bags", 89.0),
    Product("Enamel mug", "Kitchen", 14.9),
    Product("Cast-iron pan", "Kitchen", 59.0),
    Product("Pour-over set", "Kitchen", 38.0),
    Product("Field notebook", "Stationery", 9.9),
    Product("Desk lamp", "Home", 74.0),
    Product("Throw blanket", "Home", 65.0),
)
WANTED = (9, 7, 8, 10, 6, 9, 4, 5, 8, 3, 3)
QUERIES = ("mug", "jacket", "gift", "lamp", "socks", "backpack", "notebook", "coffee", "pan")
ARRIVALS = {
    "search": {"$referrer": "https://www.google.com/"},
    "instagram": {"$referrer": "https://l.instagram.com/"},
    "newsletter": {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "autumn"},
    "podcast": {"utm_source": "podcast", "utm_medium": "audio", "utm_campaign": "harbour"},
}
"""What the first page says of who comes from there; of others it says nothing."""
FAILURES = ("card_declined", "card_declined", "3ds_timeout", "insufficient_funds")
CHECKOUTS = {"three steps": 0.76, "one page": 0.84}
"""The two that the shop tries out on its visitors, and how many of those who get to the end pay."""


def checkout_of(user_id: str) -> str:
    """The one that a visitor sees, always the same."""
    return tuple(CHECKOUTS)[crc32(user_id.encode()) % len(CHECKOUTS)]


def described(product: Product) -> dict[str, Any]:
    return {"product": product.name, "category": product.category, "price": product.price}
