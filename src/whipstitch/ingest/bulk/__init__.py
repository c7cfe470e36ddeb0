"""Large bodies, which processes of their own read."""
