"""Logs of the world to records: one format, one file, one function `read(path, options)`."""
