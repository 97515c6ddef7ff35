"""Keys, people, sessions and the audit log, as every process of an installation sees them."""
