"""Drills: a real server, real load, and something that goes wrong. What was answered is counted
against what is stored (``scripts/drill``)."""
