"""What makes thousands of small tests quick."""

import gc

import pytest

# Until the tests begin nothing that matters becomes garbage: modules, tests and their parameters.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the collector what lives to the end: else it walks through all of it, time and again.

    What the tests themselves leave behind is collected and complained about as ever.
    """
    gc.freeze()
    gc.enable()
