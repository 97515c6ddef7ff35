"""From records to feature vectors: the same code in the worker, in training and in backtest."""
