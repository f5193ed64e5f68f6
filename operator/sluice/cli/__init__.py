"""The command line: one look at a rollout, one word to steer it, one check of the installation."""
