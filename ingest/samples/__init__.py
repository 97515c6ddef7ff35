"""Per-sample messages of others (one JSON object a value, or a row of values) into frames."""
