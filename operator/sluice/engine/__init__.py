"""The imperative shell, the same for every kind: it observes, asks a kind for a plan, applies it."""
