"""Imports of history: files of this product and of others, into the journal."""
