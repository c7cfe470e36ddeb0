"""Erasure of people: hidden at once, deleted from the disk after."""
