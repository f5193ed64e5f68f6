"""From the API server's answers to typed errors."""

import pytest

from sluice.adapters.failures import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    KubeError,
    NotFoundError,
    TransientError,
    error_of,
)
from sluice.model.json import Json


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        pytest.param(400, "BadRequest", InvalidError, id="400 is invalid"),
        pytest.param(401, "Unauthorized", ForbiddenError, id="401 is forbidden"),
        pytest.param(403, "Forbidden", ForbiddenError, id="403 is forbidden"),
        pytest.param(404, "NotFound", NotFoundError, id="404 is not found"),
        pytest.param(409, "Conflict", ConflictError, id="409 is a conflict"),
        pytest.param(409, "AlreadyExists", AlreadyExistsError, id="409 may say that it exists"),
        pytest.param(410, "Expired", GoneError, id="410 is gone"),
        pytest.param(422, "Invalid", InvalidError, id="422 is invalid"),
        pytest.param(429, "TooManyRequests", TransientError, id="429 passes"),
        pytest.param(500, "InternalError", TransientError, id="500 passes"),
        pytest.param(504, "Timeout", TransientError, id="504 passes"),
    ],
)
def test_the_code_decides_on_the_type(code: int, reason: str, expected: type[KubeError]) -> None:
    error = error_of(code, {"reason": reason, "message": "the server's words"})

    assert type(error) is expected
    assert str(error) == f"the server's words (HTTP {code})"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="nothing"),
        pytest.param([1], id="a list"),
        pytest.param({"message": 7}, id="a message that is no text"),
    ],
)
def test_an_answer_without_words_says_so(answer: Json) -> None:
    assert error_of(500, answer).message == "the API server answered 500 without a message"


def test_the_servers_wish_when_to_come_again_is_kept() -> None:
    error = error_of(429, {}, retry_after="7")

    assert isinstance(error, TransientError)
    assert error.retry_after_seconds == 7


@pytest.mark.parametrize(
    ("code", "message", "quota", "rbac"),
    [
        pytest.param(403, "exceeded quota: compute", True, False, id="a quota"),
        pytest.param(403, 'x is forbidden: User "a" cannot get', False, True, id="a missing right"),
        pytest.param(401, "Unauthorized", False, True, id="unknown to the server"),
        pytest.param(403, "webhook denied the request", False, False, id="an admission policy"),
    ],
)
def test_what_forbids(code: int, message: str, *, quota: bool, rbac: bool) -> None:
    error = error_of(code, {"message": message})

    assert isinstance(error, ForbiddenError)
    assert (error.quota_exceeded, error.by_rbac) == (quota, rbac)
