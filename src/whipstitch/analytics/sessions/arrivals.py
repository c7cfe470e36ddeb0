"""How a session came and on what: what its first view says of the referrer, the campaign, the place
and the device.

Clients send these as properties or as default properties. A referrer on the page's own host is
none. The device is what the client calls it, else what its system and model are."""

from typing import Final

from whipstitch.analytics.sessions.channels import channel, site
from whipstitch.warehouse.literals import quote_identifier

_DIRECT: Final = "$direct"
_SOURCES: Final = ("properties", "default_properties")
_TEXTS: Final = (
    *("$referring_domain", "$referrer", "$host", "$current_url"),
    *("utm_source", "utm_medium", "utm_campaign", "$device_type"),
)
_COLUMNS: Final = ("device_model", "country", "browser", "os")
_CLICKS: Final = ("gclid", "gbraid", "wbraid", "msclkid")
"""Of the ads of search engines."""
TOLD: Final = tuple(f"told_{place}" for place in range(len((*_TEXTS, *_COLUMNS, "click"))))
"""What is kept of a row to tell of an arrival. Each by itself: what no question asks for is not
read."""
_CALLED: Final = {
    "Mobile": ("mobile", "phone", "smartphone", "handset"),
    "Tablet": ("tablet",),
    "Desktop": ("desktop", "laptop", "pc", "computer"),
    "TV": ("tv", "smarttv", "smart tv", "television"),
}
_DESKTOPS: Final = (
    "windows",
    "darwin",
    "macos",
    "mac os x",
    "mac os",
    "linux",
    "chrome os",
    "chromeos",
)


FIELDS: Final = (
    *("referrer", "channel", "utm_source", "utm_medium", "utm_campaign", "country", "device"),
    *("browser", "os"),
)
"""What is known of an arrival, each a String, blank where it is not known."""


IN_STEPS: Final = "SETTINGS query_plan_merge_expressions = 0"
"""To be added to a question of all sessions, in which a channel costs half as much then. ClickHouse
would else write the steps of ``read`` out in one, and work the site out again for each rule of
``channels`` that looks at it."""


def of_row() -> str:
    """What a row of ``events`` says: Strings, named as ``TOLD``."""
    clicks = ", ".join(_text(name) for name in _CLICKS)
    said = [*map(_text, _TEXTS), *(f"toString({name})" for name in _COLUMNS), f"concat({clicks})"]
    return ", ".join(f"{one} AS {name}" for one, name in zip(said, TOLD, strict=True))


def read(kept: str, source: str) -> str:
    """A query of ``FIELDS`` and of ``kept``, columns of ``source``, a query that has ``TOLD`` of
    one row, too, each named ``first_…``."""
    told = [f"first_{one}" for one in TOLD]
    at = dict(zip((*_TEXTS, *_COLUMNS, "click"), told, strict=True))
    plain = ("utm_source", "utm_medium", "utm_campaign", "country", "browser", "os")
    fields = ", ".join(f"{at[name]} AS {name}" for name in plain)
    by = channel("site", "utm_source", "utm_medium", "utm_campaign", "click")
    # In steps: one that is made of others would be written out once for each time it is used.
    return (
        f"SELECT {kept}, {', '.join(one for one in FIELDS if one != 'channel')}, {by} AS channel "
        f"FROM (SELECT *, {site('referrer', 'utm_source')} AS site "
        f"FROM (SELECT {kept}, {fields}, {at['click']} AS click, {_device(at)} AS device, "
        f"{_referrer(at)} AS referrer FROM ({source})))"
    )


def _referrer(at: dict[str, str]) -> str:
    """The domain of the page before, without ``www.``, of another host than the page itself."""
    domain, page = at["$referring_domain"], at["$host"]
    told = f"if({domain} != '', concat('//', {domain}), {at['$referrer']})"
    here = f"if({page} != '', concat('//', {page}), {at['$current_url']})"
    found, own = (f"lower(domainWithoutWWW({one}))" for one in (told, here))
    return f"if({domain} = '{_DIRECT}' OR {found} = {own}, '', {found})"


def _device(at: dict[str, str]) -> str:
    called, model, os = f"lower({at['$device_type']})", at["device_model"], at["os"]
    branches = [
        f"{called} IN ({', '.join(map(repr, names))}), '{name}'" for name, names in _CALLED.items()
    ]
    branches += [
        f"{os} = 'ios', if(startsWith({model}, 'iPad'), 'Tablet', 'Mobile')",
        f"{os} = 'android', if(match({model}, '(?i)tab|pad'), 'Tablet', 'Mobile')",
        f"{os} IN ({', '.join(map(repr, _DESKTOPS))}), 'Desktop'",
    ]
    return f"multiIf({', '.join(branches)}, '')"


def _text(name: str) -> str:
    """The text of a property, blank where it is none."""
    places = (quote_identifier(f"{source}.{name}") for source in _SOURCES)
    return f"coalesce({', '.join(f'nullIf({one}.:String, {_BLANK})' for one in places)}, '')"


_BLANK: Final = "''"
