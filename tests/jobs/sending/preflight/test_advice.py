"""What is said before sending: pictures too small, and much larger than they need be."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs.batch.sources import ImageRef, LocalPicture, Picture
from core.jobs.sending.preflight.advice import LEAST_LONGEST, kept_longest, shrinking, too_small


def local(
    name: str, width: int, height: int, size: int = 1_000_000, pages: int = 0
) -> LocalPicture:
    return LocalPicture(Path("/x") / name, name, size, width=width, height=height, pages=pages)


def test_too_small_names_each_feature_with_its_recommended_size() -> None:
    pictures = [local("a.jpg", 1_024, 768), local("b.jpg", 600, 400), local("c.jpg", 0, 0)]
    features = ["LABEL_DETECTION", "FACE_DETECTION", "IMAGE_PROPERTIES", "TEXT_DETECTION"]
    one, two = too_small(pictures, features)
    assert not one.fatal and not two.fatal
    assert one.where == "a.jpg" and one.what.endswith("recommended for Faces (1,600 x 1,200)")
    assert [part in two.what for part in ("600 x 400", "Labels (640 x 480)", "Text (1,024 x 768)")]
    assert too_small(pictures, ["IMAGE_PROPERTIES"]) == []  # colours are the same in any size


@pytest.mark.parametrize(
    ("features", "longest"),
    [
        ((), LEAST_LONGEST),
        (("IMAGE_PROPERTIES",), LEAST_LONGEST),
        (("LABEL_DETECTION",), 1_600),
        (("DOCUMENT_TEXT_DETECTION", "LABEL_DETECTION"), 2_048),
        (("FACE_DETECTION",), 3_200),
    ],
)
def test_what_is_kept_follows_the_features(features: tuple[str, ...], longest: int) -> None:
    assert kept_longest(features) == longest


def test_shrinking_is_offered_for_uploads_that_are_much_larger() -> None:
    huge = [local("a.jpg", 3_200, 2_000, 4_000_000), local("b.jpg", 2_000, 6_400, 8_000_000)]
    rest: list[Picture] = [
        local("near.jpg", 1_900, 900),
        local("scan.tif", 9_000, 9_000, pages=3),
        ImageRef("gs://b/far.jpg", 9_000_000, width=9_000, height=9_000),
    ]
    offer = shrinking([*huge, *rest], ["LABEL_DETECTION"])
    assert offer is not None
    assert (offer.longest, offer.pictures, offer.before) == (1_600, 2, 12_000_000)
    assert offer.after == 4_000_000 // 4 + 8_000_000 // 16
    assert offer.seconds == pytest.approx(offer.saved * 8 / 20e6)
    assert shrinking(rest, ["LABEL_DETECTION"]) is None
