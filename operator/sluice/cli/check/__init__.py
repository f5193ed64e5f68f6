"""`sluice check`: whether rollouts and graphs have all they need, a row for each check."""
