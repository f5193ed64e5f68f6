"""The vocabulary that every room shares: pure values, no I/O, no clock, no chance."""
