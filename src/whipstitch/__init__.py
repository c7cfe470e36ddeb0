"""Whipstitch: self-hosted product analytics that knows one person behind many ids."""

__version__ = "0.2.0.dev0"
"""The only place that has it: the wheel, ``--version``, OpenAPI and the dashboard read it here."""
