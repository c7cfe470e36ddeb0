"""Cohorts at work: their members in ClickHouse, and the refresh of the dynamic ones."""
