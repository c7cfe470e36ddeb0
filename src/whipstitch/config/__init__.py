"""Settings: where they come from, what they may be, and the page that lists them; logging."""
