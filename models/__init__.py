"""Failure models: labels, hazard, calibration, remaining life, reasons, registry."""
