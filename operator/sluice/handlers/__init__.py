"""Kopf's side of the operator: watching our own kinds."""
