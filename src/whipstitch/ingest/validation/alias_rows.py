"""The row of an alias (contract README, "Identity")."""

from whipstitch.core.placeholders import Placeholders
from whipstitch.core.projects import IngestionKey
from whipstitch.ingest.client import COOKIELESS
from whipstitch.ingest.validation.counts import Remarks
from whipstitch.ingest.validation.message_ids import ids_in, once
from whipstitch.ingest.validation.payloads import AliasPayload
from whipstitch.ingest.validation.rows import AliasRow
from whipstitch.ingest.validation.timestamps import time_sent


def alias_row(
    alias: AliasPayload,
    key: IngestionKey,
    accepted: int,
    received: int,
    placeholders: Placeholders,
    remarks: Remarks,
    via: str,
    client: str = "",
) -> AliasRow:
    """An alias, refused where it would merge strangers or nobody (contract README, "Identity");
    ``via`` what it came, and whose ``client`` said it."""
    alias_id, distinct_id = alias.alias_id or "", alias.distinct_id or ""
    timestamp = time_sent(alias.timestamp, remarks)
    if timestamp is None:
        timestamp = received
    project, environment = key.project.id, key.environment
    return AliasRow(
        project,
        environment,
        alias_id,
        distinct_id,
        timestamp,
        received,
        accepted,
        why_refused(alias_id, distinct_id, placeholders),
        once("alias", key, alias, ids_in(alias.properties), alias.content()),
        via,
        client,
    )


def why_refused(alias_id: str, distinct_id: str, placeholders: Placeholders) -> str:
    """Why an alias of these ids is refused whatever else was said; blank: it is not."""
    if alias_id == distinct_id:
        return "self"
    if any(id_ in placeholders or id_ == COOKIELESS for id_ in (alias_id, distinct_id)):
        return "placeholder"
    return ""
