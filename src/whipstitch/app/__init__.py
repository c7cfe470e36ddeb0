"""The application: every part put together, started and stopped in order."""
