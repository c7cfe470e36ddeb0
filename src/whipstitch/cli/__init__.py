"""The command line: each module is one group of commands."""
