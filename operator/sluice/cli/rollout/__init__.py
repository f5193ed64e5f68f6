"""`sluice rollout`: what the commands do; what they are called stands in `commands`."""
