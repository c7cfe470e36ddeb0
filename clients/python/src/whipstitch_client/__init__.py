"""Sends events, traits and aliases to a Whipstitch server."""

from whipstitch_client.client import Client
from whipstitch_client.version import __version__

__all__ = ["Client", "__version__"]
