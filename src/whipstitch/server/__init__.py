"""The running server: every part put together, started and stopped in order."""
