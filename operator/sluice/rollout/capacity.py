"""How many pods a weight needs, and how much weight the pods that are ready can carry.

The measure is the largest number of stable pods that was asked for since the rollout began: that
many carry all the traffic, so each carries an equal part of it. Weights are percent, 0..100.
"""


def replicas_for(weight: int, stable_size: int) -> int:
    """Return how many pods carry a weight: its part of the stable size, rounded up, at least 1."""
    return max(1, -(-weight * stable_size // 100))


def supported_weight(asked: int, ready: int, stable_size: int) -> int:
    """Return the largest weight up to `asked` that `ready` pods can carry.

    Works for either version: what is asked of the stable pods is 100 minus the canary's weight.
    """
    if ready <= 0:
        return 0
    if ready >= replicas_for(asked, stable_size):
        return asked
    return min(asked, 100 * ready // stable_size)


def least_weight(asked: int, stable_ready: int, stable_size: int) -> int:
    """Return the canary's weight, at least `asked`, that leaves stable what its pods can carry."""
    return 100 - supported_weight(100 - asked, stable_ready, stable_size)
