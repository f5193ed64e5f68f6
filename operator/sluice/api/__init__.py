"""The HTTP server of every replica: health, readiness, metrics."""
