"""Who is whom: one person behind many ids. Pure: no storage, no clock."""
