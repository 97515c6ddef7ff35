"""The nouns: records, rows, topics, tables, codec, ports. Imports nothing of ours."""
