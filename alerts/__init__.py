"""The alert pipeline, its policies and its words."""
