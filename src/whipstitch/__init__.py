"""Whipstitch: self-hosted product analytics that knows one person behind many ids."""

__version__ = "0.2.0.dev0"
"""The only place that has it: the wheel, ``--version``, OpenAPI and the dashboard read it here."""


def __getattr__(name: str) -> object:
    """``whipstitch.Client``, of the distribution ``whipstitch-client`` (clients/python), where both
    are installed."""
    if name != "Client":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from whipstitch_client import Client
    except ModuleNotFoundError as error:
        raise ImportError(
            "whipstitch.Client is in the distribution whipstitch-client, which is not installed: "
            "`pip install whipstitch-client`, or `pip install clients/python` in the repository."
        ) from error
    return Client
