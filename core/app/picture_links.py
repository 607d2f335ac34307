"""How a picture is named: in the parameters of an address, and to people."""

from __future__ import annotations


def picture_params(uri: str, page: int, picture: int) -> dict[str, str]:
    """Parameters for one picture: its address, which stays the same while shards still come in.

    A picture without an address is named by its id.
    """
    if not uri:
        return {"picture": str(picture)}
    return {"picture": uri, "page": str(page)} if page else {"picture": uri}


def picture_name(uri: str, page: int, number: int) -> str:
    """What to call a picture: its file's name and page, else its number; hostile text."""
    name = uri.rsplit("/", 1)[-1] or f"Picture {number}"
    return f"{name}, page {page}" if page else name
