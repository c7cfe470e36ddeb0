"""What PostHog's clients ask for besides: there are no feature flags, surveys, experiments or
recordings. They are told so in full, so that they do not ask again and report no error."""

from typing import Any, Final

from whipstitch.ingest.compat.request import CompatRequest
from whipstitch.ingest.compat.translation import (
    EITHER,
    GET,
    CompatAnswer,
    Route,
    json_answer,
)
from whipstitch.ingest.validation.answers import JSON

_CONFIG: Final[dict[str, Any]] = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "surveys": False,
    "productTours": False,
    "sessionRecording": False,
    "heatmaps": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocaptureExceptions": False,
    "autocapture_opt_out": False,
    "elementsChainAsString": True,
    "defaultIdentifiedOnly": True,
    "isAuthenticated": False,
    "toolbarParams": {},
    "config": {"enable_collect_everything": True},
    "siteApps": [],
}
_NO_FLAGS: Final[dict[str, Any]] = {
    "flags": {},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "errorsWhileComputingFlags": False,
}


def _config_script(request: CompatRequest) -> CompatAnswer:
    """The configuration as a script, for the key in the path."""
    key = JSON.encode(request.path.split("/")[2]).decode()
    config = JSON.encode({"config": _CONFIG, "siteApps": []}).decode()
    name = "window._POSTHOG_REMOTE_CONFIG"
    script = f"{name}={name}||{{}};{name}[{key}]={config};"
    return CompatAnswer(200, script.encode(), "application/javascript")


QUIET: Final = (
    Route(EITHER, "/flags|/decide", quiet=json_answer(200, **_NO_FLAGS, **_CONFIG)),
    Route(GET, r"/array/[\w.-]+/config\.js", quiet=_config_script),
    Route(GET, r"/array/[\w.-]+/config", quiet=json_answer(200, **_CONFIG)),
    # Parts that the browser client loads although they are switched off. Not its main script, which
    # must not seem to be there.
    Route(
        GET,
        r"/static/(?:\d+\.\d+\.\d+[\w.-]*/)?(?!array)[a-z-]+\.js",
        quiet=CompatAnswer(200, b"/* not collected */", "application/javascript"),
    ),
    Route(
        GET,
        "/api/feature_flag/local_evaluation|/flags/definitions",
        quiet=json_answer(200, flags=[], group_type_mapping={}, cohorts={}),
    ),
    Route(GET, "/api/surveys", quiet=json_answer(200, surveys=[])),
    Route(GET, "/api/early_access_features", quiet=json_answer(200, earlyAccessFeatures=[])),
    Route(GET, "/api/web_experiments", quiet=json_answer(200, experiments=[])),
    Route(GET, "/api/product_tours", quiet=json_answer(200, product_tours=[])),
)
