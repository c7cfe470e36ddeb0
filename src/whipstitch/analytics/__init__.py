"""Queries: a frozen query in, SQL with bound values, rows, pure shaping."""
