"""The HTTP API: one noun a file; every error a problem document (RFC 9457)."""
