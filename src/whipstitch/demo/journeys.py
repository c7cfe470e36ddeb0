"""What people do in the shop: one visit after the other, each losing some of them at every step.

Who signs up or in does what the contract asks for (alias page, "When to call alias"): until then
the device's anonymous id, then one alias a device, then the user's id."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, NamedTuple

from whipstitch.demo.people import Device, Person
from whipstitch.demo.screens import any_area, area_of, spot
from whipstitch.demo.shop import (
    ARRIVALS,
    CHECKOUTS,
    FAILURES,
    PRODUCTS,
    QUERIES,
    WANTED,
    Product,
    checkout_of,
    described,
)


class DemoOperation(NamedTuple):
    """One operation of a batch, without its timestamp, which is ``at``."""

    kind: Literal["track", "people", "alias"]
    at: datetime
    device: Device
    payload: Mapping[str, Any]


_SEARCHES = 0.35
_ADDS = 0.34
_WISHES = 0.08
_CHECKS_OUT = 0.66
_SIGNS_UP_TO_BUY = 0.68
_SIGNS_UP_ANYWAY = 0.07
_SIGNS_IN = 0.75
_HAS_COUPON = 0.2
_PAYMENT_FAILS = 0.12
_ORDERS_OF_A_REGULAR = 2
_OTHER_DEVICE = 0.4


class Shopper:
    """One person over time: what they own and where they are signed in."""

    def __init__(self, person: Person, rng: Random) -> None:
        self.person = person
        self.rng = rng
        self.known = person.member
        self.signed_in: set[str] = set()
        self.visits = 0
        self.orders = 0
        self.spent = 0.0

    def visit(self, start: datetime) -> list[DemoOperation]:
        """What the next visit, beginning at ``start``, consists of, in the order of time. It ends
        within ``rhythm.LONGEST_VISIT``."""
        first, *others = self.person.devices
        other = others and self.visits and self.rng.random() < _OTHER_DEVICE
        visit = _Visit(self, others[0] if other else first, start)
        self.visits += 1
        visit.run()
        return visit.done


class _Visit:
    def __init__(self, visitor: Shopper, device: Device, start: datetime) -> None:
        self.done: list[DemoOperation] = []
        self._visitor = visitor
        self._person = visitor.person
        self._rng = visitor.rng
        self._device = device
        self._at = start
        self._session = f"sess_{self._rng.getrandbits(48):012x}"
        self._screen = ""

    def run(self) -> None:
        self._arrive()
        basket = self._browse()
        if basket and self._chance(_CHECKS_OUT):
            self._check_out(basket)
        elif not self._is_signed_in and not self._visitor.known and self._chance(_SIGNS_UP_ANYWAY):
            self._see("Account")
            self._sign_up()

    # The steps

    def _arrive(self) -> None:
        if self._device.model.is_app:
            self._track("app_opened", from_push=self._visitor.visits > 1 and self._chance(0.3))
        from_there = {} if self._device.model.is_app else ARRIVALS.get(self._person.source, {})
        self._see("Home", **(from_there if self._visitor.visits == 1 else {}))
        if self._visitor.visits == 1:
            self._people({"first_source": self._person.source})
        if self._visitor.known and not self._is_signed_in and self._chance(_SIGNS_IN):
            self._see("Account")
            self._sign_in()

    def _browse(self) -> list[Product]:
        basket: list[Product] = []
        for _ in range(self._rng.choices(range(5), (24, 30, 24, 14, 8))[0]):
            if self._chance(_SEARCHES):
                self._tap("search", on="Home")
                self._see("Search")
                query = self._rng.choice(QUERIES)
                self._track("search_performed", query=query, results=self._rng.randrange(0, 25))
            product = self._rng.choices(PRODUCTS, WANTED)[0]
            self._tap(None)
            self._see("Product")
            self._track("product_viewed", **described(product))
            if self._chance(0.5):
                self._tap(None)
            if self._chance(_WISHES):
                self._tap("wishlist")
                self._track("wishlist_added", **described(product))
            if self._chance(_ADDS):
                self._tap("add_to_cart")
                self._track("added_to_cart", **described(product), quantity=1)
                basket.append(product)
        return basket

    def _check_out(self, basket: list[Product]) -> None:
        value = round(sum(product.price for product in basket), 2)
        cart = {"cart_value": value, "item_count": len(basket), "currency": "EUR"}
        self._tap("cart")
        self._see("Cart")
        self._tap("checkout")
        checkout = checkout_of(self._person.user_id)
        self._track("checkout_started", **cart, checkout=checkout)
        if not self._is_signed_in:
            self._see("Account")
            if self._visitor.known:
                self._sign_in()
            elif not self._chance(_SIGNS_UP_TO_BUY):
                return
            else:
                self._sign_up()
        self._see("Checkout")
        if self._chance(_HAS_COUPON):
            self._tap("coupon")
            value = round(value * 0.9, 2)
            self._track("coupon_applied", code="HARBOR10", discount=0.1)
        way = self._rng.choice(("card", "card", "paypal", "invoice"))
        self._tap(f"pay_by_{way}")
        if self._chance(_PAYMENT_FAILS):
            self._tap("pay")
            self._track("payment_failed", reason=self._rng.choice(FAILURES), payment_method=way)
        if not self._chance(CHECKOUTS[checkout]):
            return
        self._tap("pay")
        self._track(
            "purchase_completed",
            **{**cart, "order_value": value},
            payment_method=way,
            items=[product.name for product in basket],
        )
        self._remember_order(value)

    def _sign_up(self) -> None:
        self._tap("submit")
        self._alias()
        self._visitor.known = True
        self._people(self._traits() | {"plan": "free", "orders": 0})
        self._track("signed_up", method=self._rng.choice(("email", "email", "google", "apple")))

    def _sign_in(self) -> None:
        self._tap("submit")
        self._alias()
        self._people(self._traits() | ({"plan": "plus"} if self._person.member else {}))
        self._track("signed_in", method="email")

    def _remember_order(self, value: float) -> None:
        visitor = self._visitor
        visitor.orders += 1
        visitor.spent = round(visitor.spent + value, 2)
        plan = {"plan": "plus"} if visitor.orders == _ORDERS_OF_A_REGULAR else {}
        self._people({"orders": visitor.orders, "lifetime_value": visitor.spent, **plan})

    # What they are made of

    @property
    def _is_signed_in(self) -> bool:
        return self._device.anon_id in self._visitor.signed_in

    @property
    def _distinct_id(self) -> str:
        return self._person.user_id if self._is_signed_in else self._device.anon_id

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def _traits(self) -> dict[str, Any]:
        person = self._person
        return {
            "name": person.name,
            "email": person.email,
            "country": person.country.code,
            "language": person.country.locale[:2],
        }

    def _see(self, screen: str, **more: str) -> None:
        self._screen = screen
        self._track("$screen_view", **{"$screen_name": screen, **more})

    def _tap(self, name: str | None, on: str | None = None) -> None:
        """On the area of that name (None: on any) of the screen that is open, or on the screen
        ``on``, where that is the one."""
        if on not in (None, self._screen):
            return
        area = area_of(self._screen, name) if name else any_area(self._rng, self._screen)
        x, y = spot(self._rng, area)
        model = self._device.model
        self._track(
            "$tap",
            **{
                "$screen_name": self._screen,
                "$x": round(x * model.width),
                "$y": round(y * model.height),
                "$screen_width": model.width,
                "$screen_height": model.height,
                "element": area.name,
            },
        )

    def _track(self, event_name: str, **properties: object) -> None:
        self._did(
            "track",
            {
                "event_name": event_name,
                "distinct_id": self._distinct_id,
                "properties": {**properties, "$session_id": self._session},
                "default_properties": self._device.defaults,
                "lib_version": self._device.model.lib_version,
            },
        )

    def _people(self, properties: Mapping[str, object]) -> None:
        self._did("people", {"distinct_id": self._distinct_id, "properties": properties})

    def _alias(self) -> None:
        user_id = self._person.user_id
        self._did("alias", {"alias_id": self._device.anon_id, "distinct_id": user_id})
        self._visitor.signed_in.add(self._device.anon_id)

    def _did(self, kind: Literal["track", "people", "alias"], payload: Mapping[str, Any]) -> None:
        self.done.append(DemoOperation(kind, self._at, self._device, payload))
        seconds = min(self._rng.expovariate(1 / 11), 27) if kind == "track" else 0
        self._at += timedelta(milliseconds=150 + int(seconds * 1000))
