"""Where rows are kept: ClickHouse, inside the process or on a server, behind one port."""
