"""Traffic providers: how a weight for the canary is written into their objects, and read back."""
