"""How messages leave the house: targets, guard against internal addresses, outbox."""
