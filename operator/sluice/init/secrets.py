"""Keeping passwords out of all that is printed or stored."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from sluice.init.exits import Exit, InitError

_HIDDEN: Final = "***"
# In statements: CREATE ROLE app PASSWORD 'x', and CONNECTION 'host=db password=x'.
_IN_SQL: Final = re.compile(r"(\bPASSWORD\s+)E?'(?:[^']|'')*'", re.IGNORECASE)
_IN_CONNECTION: Final = re.compile(r"(\bpassword\s*=\s*)[^\s'\";]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database or broker is.

    url: as given, with the password.  shown: without it, for people.
    """

    scheme: str
    url: str
    shown: str
    secrets: tuple[str, ...] = ()

    def without_secrets(self, text: str) -> str:
        """Return the text with the password blotted out, wherever a driver may have put it."""
        for secret in (self.url, *self.secrets):
            text = text.replace(secret, _HIDDEN)
        text = _IN_SQL.sub(rf"\1'{_HIDDEN}'", text)
        return _IN_CONNECTION.sub(rf"\1{_HIDDEN}", text)


def parse_address(url: str, also_secret: str = "") -> Address:
    """Return the address that a URL names.

    also_secret: a password that comes from elsewhere ($PGPASSWORD).
    Raises InitError (USAGE), whose message never repeats the URL.
    """
    url = url.strip()  # a Secret made from a file often ends with a line end
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise malformed() from None
    if "@" in parts.path or parts.netloc.count("@") > 1:
        raise malformed()
    host = f"{parts.hostname or ''}{f':{port}' if port else ''}"
    user = f"{parts.username}@" if parts.username else ""
    shown = f"{parts.scheme}://{user}{host}{parts.path}" if parts.netloc else _plain(parts)
    return Address(parts.scheme, url, shown, _secrets(parts, also_secret))


def _plain(parts: SplitResult) -> str:
    return f"{parts.scheme}:{parts.path}"


def _secrets(parts: SplitResult, also_secret: str) -> tuple[str, ...]:
    given = parts.password or ""
    found = {given, unquote(given), also_secret, *parse_qs(parts.query).get("password", ())}
    # The longest first: one password may be a part of another's written form.
    return tuple(sorted(found - {""}, key=lambda secret: (-len(secret), secret)))


def malformed() -> InitError:
    """Return the refusal of a URL; it does not repeat it."""
    return InitError(
        Exit.USAGE,
        "the URL cannot be read",
        "in user and password write %40 for @, %3A for :, %2F for /, %3F for ?, %25 for %",
    )
