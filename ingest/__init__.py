"""Bytes of the world to records: adapters, units and the simulator."""
