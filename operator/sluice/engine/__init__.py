"""The imperative shell, the same for every kind: observe, ask a kind for a plan, apply."""
