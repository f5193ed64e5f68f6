"""`sluice check`: whether all is there that a rollout needs; each check is a row of a table."""
