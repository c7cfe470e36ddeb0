"""Google Analytics' Measurement Protocol: ``/mp/collect``. (``/g/collect``, which gtag.js calls, is
another format and not taken.)"""

from typing import Any, Final

from whipstitch.core.reasons import Reason
from whipstitch.ingest.compat.request import (
    CompatRequest,
    Unreadable,
    mapping_of,
    read_json,
    text_of,
)
from whipstitch.ingest.compat.translation import (
    POST,
    CompatAnswer,
    Ecosystem,
    Route,
    Translation,
    error_of,
    json_answer,
)
from whipstitch.ingest.validation.answers import Answer


def translate(request: CompatRequest, body: bytes) -> Translation:
    """Raises:
    Unreadable
    """
    sent = read_json(body)
    if not isinstance(sent, dict) or not isinstance(sent.get("events"), list):
        raise Unreadable("no events")
    done = Translation(key_of(request))
    device = text_of(sent.get("client_id")) or text_of(sent.get("app_instance_id"))
    user = text_of(sent.get("user_id"))
    moment = sent.get("timestamp_micros")
    done.alias(device, user, timestamp=moment)
    traits = {
        name: one["value"] if isinstance(one, dict) and "value" in one else one
        for name, one in mapping_of(sent.get("user_properties")).items()
    }
    if traits:
        done.people(user or device, properties=traits, timestamp=moment)
    for event in sent["events"]:
        if isinstance(event, dict):
            _event(done, event, user or device, moment)
        else:
            done.drop(Reason.UNREADABLE_OPERATION)
    return done


def _event(done: Translation, event: dict[str, Any], person: str, moment: Any) -> None:
    properties = mapping_of(event.get("params"))
    session = text_of(properties.get("session_id"))
    if session:
        properties.setdefault("$session_id", session)
    if isinstance(properties.get("page_location"), str):
        properties.setdefault("$current_url", properties["page_location"])
    if isinstance(properties.get("page_referrer"), str):
        properties.setdefault("$referrer", properties["page_referrer"])
    done.track(
        text_of(event.get("name")),
        person,
        properties,
        timestamp=event.get("timestamp_micros", moment),
        lib_version="ga4-mp",
    )


def key_of(request: CompatRequest) -> str:
    """The secret, or the measurement's id where there is no secret."""
    query = request.query
    return query.get("api_secret") or query.get("measurement_id", "")


def _success(request: CompatRequest, done: Translation) -> CompatAnswer:
    if request.path.startswith("/debug"):
        messages = [{"description": f"{reason}: {n}"} for reason, n in done.drops.items()]
        return json_answer(200, validationMessages=messages)
    return CompatAnswer(204)


def _failure(_request: CompatRequest, _done: Translation | None, answer: Answer) -> CompatAnswer:
    return json_answer(answer.status, error=error_of(answer))


ECOSYSTEM: Final = Ecosystem(
    "ga4",
    (
        Route(POST, "/mp/collect", translate),
        Route(POST, "/debug/mp/collect", translate),
    ),
    _success,
    _failure,
    key_of,
)
