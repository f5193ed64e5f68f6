"""Text that a container wrote, as it may stand on a screen."""


def plain(text: str) -> str:
    """Return the text without what moves a cursor or changes a colour; lines stay lines."""
    return "".join(
        one if one in "\n\t" or one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text
    )
