"""What Snowplow's trackers send, beyond what the recordings show."""

import json
from typing import Any

from whipstitch.ingest.compat.request import CompatRequest
from whipstitch.ingest.compat.snowplow import translate_post
from whipstitch.ingest.compat.translation import Translation

KEY = "sk_live_0123456789abcdef0123456789abcdef"


def sent(**event: Any) -> Translation:
    body = json.dumps({"data": [{"e": "se", "se_ac": "bought", "uid": "ada"} | event]}).encode()
    return translate_post(CompatRequest("POST", "/tp2", {}, {}), body)


def properties(**event: Any) -> Any:
    return sent(**event).operations[-1]["payload"]["properties"]


def test_numbers_come_as_text_and_are_numbers() -> None:
    values = {text: properties(se_va=text)["value"] for text in ("3", "3.0", "2.5", "nan", "x")}
    assert json.dumps(values) == '{"3": 3, "3.0": 3, "2.5": 2.5, "nan": "nan", "x": "x"}'


def test_a_key_in_the_place_of_the_application_is_no_property() -> None:
    done = sent(aid=KEY)
    assert done.key == KEY
    assert "app_id" not in properties(aid=KEY)
    assert properties(aid="shop")["app_id"] == "shop"


def test_a_device_is_named_by_the_first_id_that_is_there() -> None:
    ids = {"duid": "domain", "tnuid": "trackers", "nuid": "network"}
    for name in ("duid", "tnuid", "nuid"):
        done = sent(uid="", **ids)
        assert done.operations[-1]["payload"]["distinct_id"] == ids.pop(name)
