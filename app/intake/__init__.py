"""`POST /v1/telemetry`: what devices and gateways send, checked at the door."""
