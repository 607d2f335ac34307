"""What there is at an address below ours that means nothing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response


async def nothing(_request: Request) -> Response:
    """Else Streamlit would answer every other address with its page."""
    return Response(status_code=404)
