"""The dashboard: pages rendered here, kept live by a little script."""
