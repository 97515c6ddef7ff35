"""What people and programs ask of the store: one question a function, values as parameters."""
