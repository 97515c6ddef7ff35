"""Who may come in and do what: the only place that turns a credential into a caller."""
