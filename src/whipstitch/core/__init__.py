"""Values and small tools that every other package may use; no I/O library."""
