"""`sluice-init`: migrations and queues, once per version, from a Job or by hand.

It stands alone: nothing of the operator is imported here, and nobody imports it.
"""
