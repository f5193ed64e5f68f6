"""What the API server can answer instead of what was asked for, as types."""

from dataclasses import dataclass

from sluice.model.json import Body, Json


@dataclass(eq=False)
class KubeError(Exception):
    """The API server did not do it; `message` is its own text, `status` the HTTP code (or 0)."""

    message: str
    status: int = 0

    def __str__(self) -> str:
        return f"{self.message} (HTTP {self.status})" if self.status else self.message


class NotFoundError(KubeError):
    """404: the object, its namespace or its resource type does not exist."""


class AlreadyExistsError(KubeError):
    """409 on create: an object of that name exists."""


class ConflictError(KubeError):
    """409: the resourceVersion or UID that the write rests on is not the current one."""


class InvalidError(KubeError):
    """400, 405, 413, 415 or 422: the server understood the request and refuses its content."""


class ForbiddenError(KubeError):
    """401 or 403: RBAC, quota or an admission policy says no."""

    @property
    def quota_exceeded(self) -> bool:
        """Whether a ResourceQuota is what forbids it (the API has no code of its own for it)."""
        return "exceeded quota" in self.message

    @property
    def by_rbac(self) -> bool:
        """Whether the account lacks a right, as opposed to an admission policy that says no."""
        return self.status == 401 or 'is forbidden: User "' in self.message  # noqa: PLR2004 - as in _BY_CODE


class GoneError(KubeError):
    """410: the resourceVersion to watch from, or the list to continue, is too old."""


@dataclass(eq=False)
class TransientError(KubeError):
    """429, 5xx, a time-out or a broken connection: the same request may succeed later.

    retry_after_seconds: the server's wish, 0 when it has none.
    """

    retry_after_seconds: float = 0.0


_BY_CODE: dict[int, type[KubeError]] = {
    400: InvalidError,
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    405: InvalidError,
    409: ConflictError,
    410: GoneError,
    413: InvalidError,
    415: InvalidError,
    422: InvalidError,
}


def error_of(code: int, answer: Json, retry_after: str = "") -> KubeError:
    """Return the error that a `Status` answer (or any other body) with this code stands for."""
    body = Body(answer) if isinstance(answer, dict) else Body({})
    message = _text(body, "message") or f"the API server answered {code} without a message"
    if code == 409 and _text(body, "reason") == "AlreadyExists":  # noqa: PLR2004 - as in _BY_CODE
        return AlreadyExistsError(message, code)
    error = _BY_CODE.get(code)
    if error is not None:
        return error(message, code)
    seconds = float(retry_after) if retry_after.isdigit() else 0.0
    return TransientError(message, code, seconds)


def _text(body: Body, name: str) -> str:
    value = body.json(name)
    return value if isinstance(value, str) else ""
