"""Real servers for tests, from Debian's packages (`make servers`): one file for each.

Each is a context manager that starts one server of its own in an empty folder, on a free port of
the address that it is told (pods reach an address of the node), as a user without rights, and ends
it. Whoever starts it may be killed: the server ends too.
"""
