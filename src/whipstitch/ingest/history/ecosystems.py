"""What a record of another product's export says, as operations.

What a client would have sent is told by ``ingest.compat``; here is only where an export differs
from that."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from whipstitch.ingest.compat import amplitude, mixpanel, posthog, segment_spec
from whipstitch.ingest.compat.request import mapping_of, text_of
from whipstitch.ingest.compat.translation import Properties, Translation
from whipstitch.ingest.enrichment.places import NOWHERE, Place

Record = Mapping[str, Any]


class Unplaceable(ValueError):
    """A record that cannot be told as operations; the text says why."""


class Format(NamedTuple):
    """``read`` adds what a record says to a translation, and returns where it happened. It may
    raise Unplaceable. ``table``: its files are CSV."""

    read: Callable[[Translation, dict[str, Any]], Place]
    table: bool = False


def _mixpanel(done: Translation, record: dict[str, Any]) -> Place:
    """A line of the events' or of the people's export."""
    if "$distinct_id" in record:
        traits = mapping_of(record.get("$properties"))
        # Whatever is newer here stands.
        seen = traits.pop("$last_seen", None) or 0
        person = text_of(record["$distinct_id"])
        done.people(person, properties=traits, timestamp=seen)
        return NOWHERE
    properties = mapping_of(record.get("properties"))
    if "time" not in properties:
        raise Unplaceable("no time")
    mixpanel.read_event(done, record, properties)
    return Place(
        text_of(properties.get("$city")),
        text_of(properties.get("$region")),
        text_of(properties.get("mp_country_code")),
        text_of(properties.get("$timezone")),
    )


def _posthog(done: Translation, record: dict[str, Any]) -> Place:
    properties = mapping_of(record.get("properties"))
    traits = record.get("person_properties")
    if isinstance(traits, dict) and traits:
        person = text_of(record.get("distinct_id"))
        done.people(person, properties=traits, timestamp=record.get("timestamp"))
    posthog.read_event(done, record, _POSTHOG_CLOCK, set())
    return Place(
        text_of(properties.get("$geoip_city_name")),
        text_of(properties.get("$geoip_subdivision_1_name")),
        text_of(properties.get("$geoip_country_code")),
        text_of(properties.get("$geoip_time_zone")),
    )


_POSTHOG_CLOCK: Final = posthog.Clock(None)


def _amplitude(done: Translation, record: dict[str, Any]) -> Place:
    sent = dict(record)
    sent["time"] = record.get("event_time") or record.get("client_event_time")
    sent["insert_id"] = record.get("$insert_id") or record.get("uuid")
    amplitude.read_event(done, sent)
    country = text_of(record.get("country"))
    return Place(text_of(record.get("city")), text_of(record.get("region")), country)


def _segment(done: Translation, record: dict[str, Any]) -> Place:
    segment_spec.read_call(done, text_of(record.get("type")), record)
    return NOWHERE


_UMAMI: Final = {
    "page_title": "$title",
    "hostname": "$host",
    "referrer_domain": "$referring_domain",
    "screen": "$screen_size",
    "language": "$locale",
    "tag": "tag",
}
_CAMPAIGN: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_CLICKS: Final = ("gclid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")
_UMAMI_EVENT: Final = "2"


def _umami(done: Translation, record: dict[str, Any]) -> Place:
    """A row of the table ``website_event``, with the columns of its session beside."""
    if "session_id" not in record:
        raise Unplaceable("not Umami's website_event: it has no column session_id")
    path, query = record.get("url_path") or "", record.get("url_query") or ""
    properties: Properties = _named(record, _UMAMI, *_CAMPAIGN, *_CLICKS)
    properties["$pathname"] = path
    if host := record.get("hostname"):
        properties["$current_url"] = f"https://{host}{path}" + (f"?{query}" if query else "")
    if domain := record.get("referrer_domain"):
        properties["$referrer"] = f"https://{domain}{record.get('referrer_path') or ''}"
    properties["$session_id"] = record.get("visit_id") or record["session_id"]
    is_event = record.get("event_type") == _UMAMI_EVENT
    done.track(
        (record.get("event_name") or "") if is_event else "$pageview",
        record.get("distinct_id") or record["session_id"],
        _without_blanks(properties),
        timestamp=record.get("created_at") or None,
        message_id=record.get("event_id") or "",
        defaults=_without_blanks(_named(record, {"os": "$os", "browser": "$browser"})),
    )
    region = record.get("region") or record.get("subdivision1") or ""
    return Place(record.get("city") or "", region, record.get("country") or "")


_PLAUSIBLE: Final = {"hostname": "$host", "pathname": "$pathname", "referrer": "$referrer"}
_PLAUSIBLE_DEVICE: Final = {
    "operating_system": "$os",
    "operating_system_version": "$os_version",
    "browser": "$browser",
    "screen_size": "$device_type",
}


def _plausible(done: Translation, record: dict[str, Any]) -> Place:
    """A row of the table ``events_v2``. What its own export has is numbers of each day."""
    if "user_id" not in record:
        raise Unplaceable("numbers of a day, not events: it has no column user_id")
    name = record.get("name") or ""
    properties: Properties = _named(record, _PLAUSIBLE, *_CAMPAIGN)
    properties["$session_id"] = record.get("session_id")
    if host := record.get("hostname"):
        properties["$current_url"] = f"https://{host}{record.get('pathname') or ''}"
    for key, value in zip(
        _array(record.get("meta.key")), _array(record.get("meta.value")), strict=False
    ):
        properties[key] = value
    done.track(
        "$pageview" if name == "pageview" else name,
        record["user_id"],
        _without_blanks(properties),
        timestamp=record.get("timestamp") or None,
        defaults=_without_blanks(_named(record, _PLAUSIBLE_DEVICE)),
    )
    region = record.get("subdivision1_code") or ""
    return Place("", region, (record.get("country_code") or "").strip("\0"))


def _array(text: object) -> list[str]:
    """ClickHouse's way of an array of texts: ``['a','b']``."""
    inside = str(text or "").strip()[1:-1]
    return [one.strip().strip("'") for one in inside.split("','")] if inside else []


def _named(record: Record, names: Mapping[str, str], *same: str) -> Properties:
    found = {here: record.get(there) for there, here in names.items()}
    return found | {one: record.get(one) for one in same}


def _without_blanks(properties: Properties) -> Properties:
    return {name: one for name, one in properties.items() if one not in (None, "")}


FORMATS: Final[Mapping[str, Format]] = {
    "mixpanel": Format(_mixpanel),
    "posthog": Format(_posthog),
    "amplitude": Format(_amplitude),
    "segment": Format(_segment),
    "rudder": Format(_segment),
    "umami": Format(_umami, table=True),
    "plausible": Format(_plausible, table=True),
}
