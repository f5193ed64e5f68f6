"""The last spec that could be carried out, as status keeps it: it goes on while an edit cannot be.

Compressed, because it goes with every write of the status: that of 500 nodes with ten parents each
takes 260 KB as JSON and 9 KB so.
"""

import binascii
import zlib
from base64 import b64decode, b64encode
from functools import lru_cache

_KEPT = 16


def packed(spec: str, before: str) -> str:
    """Return the text of a spec for status: as it is there already, or compressed anew.

    Another version of zlib may write the same spec differently, and that is no change.
    """
    if before and unpacked(before) == spec:
        return before
    return b64encode(zlib.compress(spec.encode(), 9)).decode()


@lru_cache(maxsize=_KEPT)
def unpacked(text: str) -> str:
    """Return the spec that status keeps; empty if there is none, or if it cannot be read."""
    try:
        return zlib.decompress(b64decode(text, validate=True)).decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        return ""
