"""What is sent as JSON, read so that nothing in it can be a fault of ours."""

import re
from typing import Any

from litestar import Request

from esante.kernel.errors import Invalid

_ZERO = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class JsonRequest(Request[Any, Any, Any]):
    """The framework's request; `Invalid` for JSON that is nested beyond reading, that is not UTF-8, or has U+0000 in a text.

    U+0000 ends a text in C, so SQLite would search and measure less than it keeps.
    """

    async def json(self) -> Any:
        """The body as JSON."""
        body = await self.body()
        if b"\\u0000" in body and _ZERO.search(body):
            raise Invalid("A text in the request has a character that cannot be kept (U+0000)")
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError):
            raise Invalid("The request is not JSON that can be read: it is nested too deeply, or not UTF-8") from None
