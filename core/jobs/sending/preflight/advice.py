"""Before sending: what of a batch would be better otherwise, by the service's own advice.

Nothing here is a fault: all of it can be sent as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.jobs.batch.features import FEATURES
from core.jobs.batch.sources import Fault, LocalPicture, Picture, where_of

LEAST_LONGEST = 1_600  # pixels that a picture keeps on its longer side, whatever is asked
TWICE = 2  # what is kept, over what the service recommends: its numbers are the least
MUCH_LARGER = 1.25  # longer sides beyond what is kept from which it is offered
MBIT = 1_000_000 / 8  # bytes
UPLINK_MBIT = 20  # a second, that the saved time is said for


@dataclass(frozen=True, slots=True)
class Shrinking:
    """What making uploads smaller would save.

    Attributes:
        longest: pixels that the longer side would have.
        pictures: that are larger.
        before, after: their bytes; ``after`` is an estimate by their pixels.
    """

    longest: int
    pictures: int
    before: int
    after: int

    @property
    def saved(self) -> int:
        """Bytes that would not be uploaded."""
        return self.before - self.after

    @property
    def seconds(self) -> float:
        """Of uploading, at ``UPLINK_MBIT``."""
        return self.saved / (UPLINK_MBIT * MBIT)


def too_small(pictures: Sequence[Picture], features: Sequence[str]) -> list[Fault]:
    """A remark for each picture with fewer pixels than a chosen feature's recommended size has."""
    remarks = []
    for picture in pictures:
        pixels = picture.width * picture.height
        small = [
            f"{FEATURES[name].title} ({size[0]:,} x {size[1]:,})"
            for name in features
            if (size := FEATURES[name].recommended_size) and 0 < pixels < size[0] * size[1]
        ]
        if small:
            what = f"{picture.width:,} x {picture.height:,} pixels, fewer than recommended for "
            cure = "Send a larger copy if there is one; answers may be less sure."
            remarks.append(Fault(where_of(picture), what + ", ".join(small), cure, fatal=False))
    return remarks


def kept_longest(features: Sequence[str]) -> int:
    """Pixels that are enough for the longer side of a picture of which these are asked.

    >>> kept_longest(["LABEL_DETECTION"]), kept_longest(["FACE_DETECTION"])
    (1600, 3200)
    """
    sizes = (FEATURES[name].recommended_size for name in features)
    wanted = (TWICE * size[0] for size in sizes if size)
    return max((LEAST_LONGEST, *wanted))


def shrinking(pictures: Sequence[Picture], features: Sequence[str]) -> Shrinking | None:
    """What would be saved if uploads were made smaller; None if hardly anything would.

    Pictures of a bucket stay there as they are.
    """
    longest = kept_longest(features)
    large = [
        picture
        for picture in pictures
        if isinstance(picture, LocalPicture)
        and not picture.pages
        and max(picture.width, picture.height) > MUCH_LARGER * longest
    ]
    if not large:
        return None
    before = sum(picture.size for picture in large)
    shares = ((longest / max(p.width, p.height)) ** 2 for p in large)
    after = sum(round(p.size * share) for p, share in zip(large, shares, strict=True))
    return Shrinking(longest, len(large), before, after)
