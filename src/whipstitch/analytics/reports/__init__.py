"""The reports: insights, funnels, retention, flows, heatmaps. They do not know each other."""
