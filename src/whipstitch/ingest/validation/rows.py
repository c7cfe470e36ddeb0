"""The rows that the journal holds and ClickHouse loads: one JSON object a line.

Their field names are the interface to ``loader.insert_statements``, which reads exactly these."""

import msgspec


class EventRow(msgspec.Struct, tag_field="k", tag="track", gc=False, omit_defaults=True):
    """``timestamp`` and ``received`` in unix milliseconds; ``accepted``, which tells the order, in
    unix microseconds. ``once``: see ``message_ids``."""

    project_id: str
    environment: str
    id: str
    event_name: str
    distinct_id: str
    session_id: str
    timestamp: int
    accepted: int
    received: int
    os: str
    browser: str
    device_model: str
    bot: bool
    city: str
    region: str
    country: str
    timezone: str
    lib_version: str
    properties: msgspec.Raw
    default_properties: msgspec.Raw
    once: str = ""


class TraitRow(msgspec.Struct, tag_field="k", tag="trait", gc=False, omit_defaults=True):
    """One trait of one person; ``value`` is JSON text. The row with no property says only that the
    person exists. ``part_of``: the number of its update, where the row has one of its own."""

    project_id: str
    environment: str
    distinct_id: str
    property: str
    value: str
    deleted: bool
    timestamp: int
    accepted: int
    operation: int = 0
    """0: ``value`` is set, or the trait deleted; ``SET_ONCE``; or the number of acceptance, and it
    is added."""
    once: str = ""
    part_of: int = 0


class AliasRow(msgspec.Struct, tag_field="k", tag="alias", gc=False, omit_defaults=True):
    """``refused`` is blank, or why the alias changes nothing. ``via``: what it came by, ``client``:
    whose software said it (``ClientContext.software``)."""

    project_id: str
    environment: str
    alias_id: str
    distinct_id: str
    timestamp: int
    received: int
    accepted: int
    refused: str
    once: str = ""
    via: str = ""
    client: str = ""


Row = EventRow | TraitRow | AliasRow
encode_lines = msgspec.json.Encoder().encode_lines
