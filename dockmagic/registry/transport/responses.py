"""Answers of registries as `http.client` reads them, within `read_limits`; the errors are also urllib3's."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import ProtocolError, ReadTimeoutError

from .parsing import number
from .read_limits import Malformed, TooSlow, limited_reader

if TYPE_CHECKING:
    from .retry import RetryPolicy

__all__ = ["MalformedResponse", "SlowResponse", "response_class"]


class MalformedResponse(Malformed, ProtocolError):
    """An answer that breaks the rules of HTTP."""


class SlowResponse(TooSlow, ReadTimeoutError):
    """An answer that arrives too slowly."""

    def __init__(self) -> None:
        ReadTimeoutError.__init__(self, None, None, "the answer arrives too slowly")  # type: ignore[arg-type]


def response_class(retry_policy: RetryPolicy) -> type[http.client.HTTPResponse]:
    """The class of answers that keep these limits, for a connection of `http.client`."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = limited_reader(self.fp, retry_policy, slow=SlowResponse, malformed=MalformedResponse)

        def begin(self) -> None:
            super().begin()
            lengths = {number(text) for text in (self.headers.get("Content-Length") or "0").split(",")}
            # RFC 9112, section 6.3: nobody knows where such an answer ends.
            if not self.chunked and (len(lengths) > 1 or None in lengths):
                raise MalformedResponse("a Content-Length that is no number")

    return Response
