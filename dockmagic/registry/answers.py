"""Answers of registries as `http.client` reads them, within the limits of `pace`; the errors are also urllib3's."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import ProtocolError, ReadTimeoutError

from .fields import number
from .pace import Malformed, TooSlow, paced

if TYPE_CHECKING:
    from .patience import Patience

__all__ = ["MalformedAnswer", "SlowAnswer", "response_class"]


class MalformedAnswer(Malformed, ProtocolError):
    """An answer that breaks the rules of HTTP."""


class SlowAnswer(TooSlow, ReadTimeoutError):
    """An answer that arrives too slowly."""

    def __init__(self) -> None:
        ReadTimeoutError.__init__(self, None, None, "the answer arrives too slowly")  # type: ignore[arg-type]


def response_class(patience: Patience) -> type[http.client.HTTPResponse]:
    """The class of answers that keep these limits, for a connection of `http.client`."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp = paced(self.fp, patience, slow=SlowAnswer, malformed=MalformedAnswer)

        def begin(self) -> None:
            super().begin()
            lengths = {number(text) for text in (self.headers.get("Content-Length") or "0").split(",")}
            # RFC 9112, section 6.3: nobody knows where such an answer ends.
            if not self.chunked and (len(lengths) > 1 or None in lengths):
                raise MalformedAnswer("a Content-Length that is no number")

    return Response
