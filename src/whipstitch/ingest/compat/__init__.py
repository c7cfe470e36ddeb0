"""Doors for released clients of other products: each turns its requests into operations of
``/api/v1/batch``, so that all else is the same for them as for everybody."""
