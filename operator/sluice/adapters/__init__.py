"""One outside system per file: the only place with input and output."""
