"""Work on whole tables: retention, and patches that are worked in."""
