"""A month of believable traffic of a small shop. Pure, but for ``sending`` and ``record``."""
