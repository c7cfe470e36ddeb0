"""Who is whom: aliases become links, links a map for the reads, and rows are rewritten."""
