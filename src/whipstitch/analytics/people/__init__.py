"""People: lists, profiles, who is behind a number, activity, aliases."""
