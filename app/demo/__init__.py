"""The demo: a simulated fleet's history, training, and its last weeks streamed until now."""
