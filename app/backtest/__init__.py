"""History through engine, model and alert pipeline once more, as if it came live."""
