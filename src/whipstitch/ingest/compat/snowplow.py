"""Snowplow's trackers: ``POST /com.snowplowanalytics.snowplow/tp2`` and ``GET /i``.

Trackers send no key. It is a part of the collector's path (``/snowplow/KEY/…``), or the
application's id (``aid``), or, for whoever can set them, a header or ``x-api-key`` in the query."""

import base64
import re
from typing import Any, Final
from urllib.parse import urlsplit

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.request import (
    CompatRequest,
    Unreadable,
    decode_base64,
    mapping_of,
    read_json,
    text_of,
)
from whipstitch.ingest.compat.translation import (
    GET,
    POST,
    CompatAnswer,
    Ecosystem,
    Properties,
    Route,
    Translation,
    error_of,
    json_answer,
)
from whipstitch.ingest.validation.answers import Answer

_KEY: Final = "(?:/sk_(?:live|test)_[0-9a-f]{32})?"
_KEY_IN_PATH: Final = re.compile("/(sk_(?:live|test)_[0-9a-f]{32})(?:/|$)")
_IS_KEY: Final = re.compile("sk_(?:live|test)_[0-9a-f]{32}")
_SCHEMA: Final = re.compile(r"iglu:[^/]+/([^/]+)/jsonschema/[\d-]+")
_PIXEL: Final = CompatAnswer(
    200,
    base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
    "image/gif",
)

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


def translate_post(request: CompatRequest, body: bytes) -> Translation:
    """Raises:
    Unreadable
    """
    sent = read_json(body)
    events = sent.get("data") if isinstance(sent, dict) else None
    if not isinstance(events, list):
        raise Unreadable("no events")
    done = Translation(key_of(request))
    for event in events:
        if isinstance(event, dict):
            done.key = done.key or _key_in(event)
            _event(done, event)
        else:
            done.drop(Reason.UNREADABLE_OPERATION)
    return done


def translate_get(request: CompatRequest, _body: bytes) -> Translation:
    done = Translation(key_of(request))
    _event(done, dict(request.query))
    return done


def _event(done: Translation, event: dict[str, Any]) -> None:
    # A tracker on a server that names nobody acts for its application.
    user, device = text_of(event.get("uid")), text_of(event.get("duid"))
    device = device or text_of(event.get("tnuid")) or text_of(event.get("nuid"))
    person = user or device or f"app:{text_of(event.get('aid'))}"
    moment = event.get("ttm") or event.get("dtm")
    done.alias(device, user, timestamp=moment)
    properties = _properties(event)
    name = text_of(event.get("e"))
    if name == "ue":
        name, own = _self_describing(event)
        properties |= own
    elif name == "se":
        name = text_of(event.get("se_ac"))
    else:
        name = _NAMES.get(name, name)
    done.track(
        name,
        person,
        properties,
        timestamp=moment,
        message_id=text_of(event.get("eid")),
        defaults=_defaults(event),
        lib_version=f"snowplow-{text_of(event.get('tv'))}" if event.get("tv") else "",
    )


def _properties(event: dict[str, Any]) -> Properties:
    found: Properties = {}
    for field, name in _PROPERTIES.items():
        value = event.get(field)
        if value is None or (field == "aid" and _key_in(event)):
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


def _defaults(event: dict[str, Any]) -> Properties:
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


def _key_in(event: dict[str, Any]) -> str:
    application = text_of(event.get("aid"))
    return application if _IS_KEY.fullmatch(application) else ""


def key_of(request: CompatRequest) -> str:
    found = _KEY_IN_PATH.search(request.path)
    return (
        (found[1] if found else "")
        or request.header(b"x-api-key")
        or request.query.get("x-api-key", "")
        or _key_in(dict(request.query))
    )


def _success(request: CompatRequest, _done: Translation) -> CompatAnswer:
    return _PIXEL if request.method == "GET" else CompatAnswer(200, b"ok", "text/plain")


def _failure(_request: CompatRequest, _done: Translation | None, answer: Answer) -> CompatAnswer:
    return json_answer(answer.status, error=error_of(answer))


ECOSYSTEM: Final = Ecosystem(
    "snowplow",
    (
        Route(POST, f"{_KEY}/com.snowplowanalytics.snowplow/tp2", translate_post),
        Route(GET, f"{_KEY}/i", translate_get),
    ),
    _success,
    _failure,
    key_of,
)
