"""What the server answers when it refuses (distribution specification, "Error Codes")."""

from __future__ import annotations

from http import HTTPStatus

from dockmagic.oci.spec import to_json

__all__ = ["Fault"]

_STATUS = {
    "BLOB_UNKNOWN": HTTPStatus.NOT_FOUND,
    "BLOB_UPLOAD_INVALID": HTTPStatus.BAD_REQUEST,
    "BLOB_UPLOAD_UNKNOWN": HTTPStatus.NOT_FOUND,
    "DENIED": HTTPStatus.FORBIDDEN,
    "DIGEST_INVALID": HTTPStatus.BAD_REQUEST,
    "MANIFEST_BLOB_UNKNOWN": HTTPStatus.NOT_FOUND,
    "MANIFEST_INVALID": HTTPStatus.BAD_REQUEST,
    "MANIFEST_UNKNOWN": HTTPStatus.NOT_FOUND,
    "NAME_INVALID": HTTPStatus.BAD_REQUEST,
    "NAME_UNKNOWN": HTTPStatus.NOT_FOUND,
    "SIZE_INVALID": HTTPStatus.BAD_REQUEST,
    "TOOMANYREQUESTS": HTTPStatus.TOO_MANY_REQUESTS,
    "UNAUTHORIZED": HTTPStatus.UNAUTHORIZED,
    "UNKNOWN": HTTPStatus.INTERNAL_SERVER_ERROR,
    "UNSUPPORTED": HTTPStatus.METHOD_NOT_ALLOWED,
}


class Fault(Exception):
    """A request that is answered with one of the specification's errors.

    Args:
        code: the specification's, such as ``MANIFEST_UNKNOWN``.
        message: what is wrong, for people.
        status: HTTP status; None for the one that belongs to the code.
        headers: further ones to answer with.
    """

    def __init__(
        self, code: str, message: str, *, status: HTTPStatus | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or _STATUS[code]
        self.headers = headers or {}

    def body(self) -> bytes:
        """The answer's JSON."""
        return to_json({"errors": [{"code": self.code, "message": self.message, "detail": None}]})
