"""The only place that has the distribution's version."""

__version__ = "0.2.0.dev0"
