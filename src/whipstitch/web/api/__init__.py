"""The query and management API, the operations endpoints and their documentation page."""
