"""What things cost: each module prints its figures, with --json as one object."""
