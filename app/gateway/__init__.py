"""`telltale gateway`: per-sample topics of others, packed into frames."""
