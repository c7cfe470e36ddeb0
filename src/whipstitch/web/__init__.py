"""What people and programs ask over HTTP: the API and the dashboard."""
