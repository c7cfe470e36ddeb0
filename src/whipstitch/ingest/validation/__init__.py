"""Admission: request in, answer and journal rows out. Pure: it knows no HTTP server, no database
and no clock of its own; its checks run in the contract's order."""
