"""The profile of `make fuzz`: so many random histories that they take minutes."""

from hypothesis import settings

FUZZ = "fuzz"

settings.register_profile(FUZZ, max_examples=200)
