"""The journal: what clients were answered for, on disk until ClickHouse has it."""
