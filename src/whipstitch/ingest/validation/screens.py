"""Which screens still need a pristine snapshot (contract README, "Order of checks", the ruling on
``commands``)."""

from collections.abc import Iterable

import msgspec

from whipstitch.core.projects import IngestionKey, ProjectSnapshot, ScreenName
from whipstitch.core.versions import version_order
from whipstitch.ingest.validation.bodies import text_of
from whipstitch.ingest.validation.message_ids import ABSENT

SCREEN_EVENTS = frozenset({"$screen", "$screen_view"})
SEEN_EVENT = "$screen_seen"
"""What ``/screens/seen`` becomes. The clients that report a view so send a screen event of it, too:
this one counts as a view where that did not come."""


class _Named(msgspec.Struct, frozen=True):
    """The properties that may name a screen, the first non-empty string winning. Raw: an odd value
    under one key must not hide the others."""

    dollar_screen_name: msgspec.Raw = msgspec.field(default=ABSENT, name="$screen_name")
    dollar_screen: msgspec.Raw = msgspec.field(default=ABSENT, name="$screen")
    screen_name: msgspec.Raw = ABSENT
    screen: msgspec.Raw = ABSENT
    name: msgspec.Raw = ABSENT


_named = msgspec.json.Decoder(_Named)
NAMES = _Named.__struct_encode_fields__
"""Those properties, in their order."""


def screen_of(properties: msgspec.Raw) -> str | None:
    """The screen that a screen event's properties name."""
    try:
        named = _named.decode(properties)
    except msgspec.DecodeError:
        return None  # none, or null
    return next(filter(None, map(text_of, msgspec.structs.astuple(named))), None)


def missing(
    seen: Iterable[tuple[str, str | None]],
    key: IngestionKey,
    directory: ProjectSnapshot,
) -> list[str]:
    """Of the screens ``seen`` (name, app version), those without a pristine snapshot of that
    version or a newer one, each once, in the order seen."""
    return list(
        dict.fromkeys(
            screen
            for screen, version in seen
            if _is_missing((key.project.id, key.environment, screen), version, directory)
        )
    )


def _is_missing(screen: ScreenName, version: str | None, directory: ProjectSnapshot) -> bool:
    if screen not in directory.screens:
        return True
    # A snapshot whose upload named no version is pristine for all of them: asking again could
    # never be satisfied by a client that does not know its version.
    taken_of = directory.screens[screen]
    return bool(version) and bool(taken_of) and version_order(version) > version_order(taken_of)
