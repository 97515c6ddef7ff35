"""How good the models are on data with known ends: pure functions from history to figures."""
