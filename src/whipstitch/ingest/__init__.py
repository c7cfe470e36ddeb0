"""Ingestion: a request in, an answer and journal rows out."""
