"""Whipstitch: self-hosted product analytics that knows one person behind many ids."""
