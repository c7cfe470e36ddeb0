"""The dashboard: pages rendered here, filled in the browser by small scripts that use the query
API with the session's cookie. How to add a page: ``pages``."""
