"""How a picture is named in the parameters of an address."""

from __future__ import annotations


def picture_params(uri: str, page: int, picture: int) -> dict[str, str]:
    """Parameters for one picture: its address, which stays the same while shards still come in.

    A picture without an address is named by its id.
    """
    if not uri:
        return {"picture": str(picture)}
    return {"picture": uri, "page": str(page)} if page else {"picture": uri}
