"""A fleet that never was: seeded vehicles whose parts wear, show it faintly, and fail."""
