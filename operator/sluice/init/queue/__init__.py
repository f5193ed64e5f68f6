"""`sluice-init queue`: queues, exchanges and streams that have to be there."""
