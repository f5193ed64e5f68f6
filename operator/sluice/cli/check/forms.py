"""How `check` may answer."""

from enum import StrEnum


class Form(StrEnum):
    """How results are written: as every command's, or short: what is not well, and the sums."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    SHORT = "short"
