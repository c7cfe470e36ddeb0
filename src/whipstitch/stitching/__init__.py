"""Identity at work: aliases become links, links a map for the reads, and rows are rewritten."""
