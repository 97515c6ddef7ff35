"""The same stream job in other frameworks, as their documentation shows."""
