"""Reports for tests: pictures that need no bucket, a method with everything in it."""

from __future__ import annotations

from PIL import Image

from core.errors import ObjectNotFound
from core.results.export.provenance import CostShare, Method, ModelUsed, OperationUsed
from core.results.pictures.exif_upright import Upright

# Of a machine and of a network: none of them is in a report unless it is asked for.
PRIVATE = ("gs://", "127.0.0.1", "localhost", "/home/ada", "secret-bucket")


def picture(_uri: str, _page: int, size: int, *_: object) -> Upright:
    """Any picture: one colour, in the size that was asked for."""
    return Upright(Image.new("RGB", (size, size * 2 // 3), "teal"), (900, 600), 1)


def gone(uri: str, *_: object) -> Upright:
    """A picture that is not there."""
    raise ObjectNotFound("There is no such object", where=uri)


def silent(_count: int, _total: int) -> None:
    """Progress that nobody looks at."""
    return None


def method_of(text: str, url: str = "") -> Method:
    """A method with a text in every place."""
    return Method(
        text, text, url=url, asked=(("Backend", text),),
        models=(ModelUsed(text, text, text, text, text),),
        cost=(CostShare(text, 1, 1.5, text),), due=0.0, cost_note=text,
        operations=(OperationUsed(text, text, text, 1, 1, 1, 0, text),),
    )  # fmt: skip


PRIVATE_METHOD = Method(
    "gs://secret-bucket/jobs/spring/",
    "gs://secret-bucket/jobs/spring/",
    url="http://127.0.0.1:8501/explore?job=1",
    asked=(
        ("Backend", "The embedded local engine"),
        ("Submitted", "2026-11-28 09:00 UTC"),
        ("Pictures from", "/home/ada/private/pictures"),
        ("Note", "read from gs://secret-bucket/in/ and http://localhost:9000/x"),
    ),
    operations=(OperationUsed("operations/1", "gs://secret-bucket/out/", "done", 1, 1, 1, 0),),
)
