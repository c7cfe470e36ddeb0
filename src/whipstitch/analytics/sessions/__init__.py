"""Sessions: which events belong together, and what is known of such a visit."""
