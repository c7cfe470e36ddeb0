"""What a Snowplow event says, from the fields of the tracker protocol (``se_ca``, ``ue_px``, …)."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from whipstitch.ingest.compat.request import (
    Unreadable,
    decode_base64,
    mapping_of,
    read_json,
    text_of,
)
from whipstitch.ingest.compat.translation import Properties

_IS_KEY: Final = re.compile("sk_(?:live|test)_[0-9a-f]{32}")
_SCHEMA: Final = re.compile(r"iglu:[^/]+/([^/]+)/jsonschema/[\d-]+")

_NAMES: Final = {
    "pv": "$pageview",
    "pp": "page_ping",
    "tr": "transaction",
    "ti": "transaction_item",
}
_PROPERTIES: Final = {
    "url": "$current_url",
    "page": "$title",
    "refr": "$referrer",
    "se_ca": "category",
    "se_la": "label",
    "se_pr": "property",
    "se_va": "value",
    "tr_id": "transaction_id",
    "tr_af": "affiliation",
    "tr_tt": "total",
    "tr_tx": "tax",
    "tr_sh": "shipping",
    "tr_ci": "city",
    "tr_st": "state",
    "tr_co": "country",
    "tr_cu": "currency",
    "ti_id": "transaction_id",
    "ti_sk": "sku",
    "ti_nm": "name",
    "ti_ca": "category",
    "ti_pr": "price",
    "ti_qu": "quantity",
    "ti_cu": "currency",
    "pp_mix": "min_x",
    "pp_max": "max_x",
    "pp_miy": "min_y",
    "pp_may": "max_y",
    "aid": "app_id",
    "tna": "tracker",
    "vid": "visit",
}
_NUMBERS: Final = frozenset(
    {"se_va", "tr_tt", "tr_tx", "tr_sh", "ti_pr", "ti_qu", "vid"}
    | {"pp_mix", "pp_max", "pp_miy", "pp_may"}
)
_PLATFORMS: Final = {"web": "web", "mob": "mobile", "pc": "desktop", "srv": "server", "app": "app"}


def name_and_properties(event: dict[str, Any]) -> tuple[str, Properties]:
    """The event's name, blank where it has none, and its properties."""
    properties = _properties(event)
    name = text_of(event.get("e"))
    if name == "ue":
        name, own = _self_describing(event)
        return name, properties | own
    if name == "se":
        return text_of(event.get("se_ac")), properties
    return _NAMES.get(name, name), properties


def _properties(event: dict[str, Any]) -> Properties:
    found: Properties = {}
    for field, name in _PROPERTIES.items():
        value = event.get(field)
        if value is None or (field == "aid" and key_in(event)):
            continue
        found[name] = number_of(value) if field in _NUMBERS else value
    url = found.get("$current_url")
    if isinstance(url, str):
        found["$pathname"] = _path_of(url)
    if session := text_of(event.get("sid")):
        found["$session_id"] = session
    contexts = _json_of(event, "co", "cx").get("data")
    if isinstance(contexts, list):
        for context in contexts:
            entity = mapping_of(context)
            if name := _name_of(entity.get("schema")):
                found.setdefault("contexts", {}).setdefault(name, entity.get("data"))
    return found


def _self_describing(event: dict[str, Any]) -> tuple[str, Properties]:
    """The name that its schema has, and what the event says by it."""
    sent = mapping_of(_json_of(event, "ue_pr", "ue_px").get("data"))
    name = _name_of(sent.get("schema"))
    said = dict(mapping_of(sent.get("data")))
    if name == "screen_view":
        name = "$screen_view"
        said["$screen_name"] = said.get("name")
    return name, said


def defaults(event: dict[str, Any]) -> Properties:
    """What it says of the device, as default properties."""
    platform = text_of(event.get("p"))
    found = {
        "$platform": _PLATFORMS.get(platform, platform),
        "$timezone": event.get("tz"),
        "$language": event.get("lang"),
    }
    for field, names in (
        ("res", ("$screen_width", "$screen_height")),
        ("vp", ("$viewport_width", "$viewport_height")),
    ):
        sizes = text_of(event.get(field)).split("x")
        if len(sizes) == len(names):
            found |= zip(names, map(number_of, sizes), strict=True)
    return {name: value for name, value in found.items() if value}


def _json_of(event: dict[str, Any], plain: str, packed: str) -> dict[str, Any]:
    """The object in a field, or in base64 in another."""
    text = text_of(event.get(plain)).encode()
    if not text:
        text = decode_base64(text_of(event.get(packed))) or b""
    try:
        return mapping_of(read_json(text)) if text else {}
    except Unreadable:
        return {}


def _name_of(schema: Any) -> str:
    found = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    return found[1] if found else ""


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return ""


def number_of(value: Any) -> Any:
    """The number that a text is; else ``value``."""
    if not isinstance(value, str) or len(value) > 40:
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    if number != number or abs(number) == float("inf"):
        return value
    return int(number) if number.is_integer() else number


def key_in(event: dict[str, Any]) -> str:
    """The project's key, where it stands for the application's id; else blank."""
    application = text_of(event.get("aid"))
    return application if _IS_KEY.fullmatch(application) else ""
