"""Sluice: a Kubernetes operator that lets a change into production gate by gate."""
