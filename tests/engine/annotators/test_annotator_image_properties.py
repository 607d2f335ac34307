"""IMAGE_PROPERTIES: colours measured on pictures whose colours are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.engine.annotators.image_properties import dominant_colours, to_oklab
from tests.kit.pictures.real_pictures import Annotate, sample


def test_oklab_of_known_colours() -> None:
    # Values of the space's author, bottosson.github.io/posts/oklab.
    lab = to_oklab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], float))
    np.testing.assert_allclose(lab[0], [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(lab[1], [0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(lab[2], [0.628, 0.225, 0.126], atol=1e-3)


def test_two_flat_colours_are_found_with_their_areas() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:75] = (200, 200, 200)
    pixels[75:] = (220, 20, 30)
    grey, red = sorted(dominant_colours(pixels), key=lambda colour: -colour.pixel_fraction)
    assert grey[:3] == (200, 200, 200) and grey.pixel_fraction == pytest.approx(0.75)
    assert red[:3] == (220, 20, 30) and red.pixel_fraction == pytest.approx(0.25)
    assert red.score > 0.25  # what is vivid stands out


def test_shades_that_the_eye_cannot_tell_apart_are_one() -> None:
    pixels = np.full((50, 50, 3), 100, np.uint8)
    pixels[:, ::2] = 104
    assert len(dominant_colours(pixels)) == 1


@settings(deadline=None, max_examples=60)
@given(arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3))))
def test_any_picture_has_one_to_ten_colours_that_share_it(
    pixels: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]],
) -> None:
    colours = dominant_colours(pixels)
    assert 1 <= len(colours) <= 10
    assert sum(colour.score for colour in colours) == pytest.approx(1)
    assert sum(colour.pixel_fraction for colour in colours) == pytest.approx(1)
    assert [c.score for c in colours] == sorted((c.score for c in colours), reverse=True)
    for colour in colours:
        assert all(pixels[..., i].min() <= colour[i] <= pixels[..., i].max() for i in range(3))


def test_a_real_picture(annotate: Annotate) -> None:
    response = annotate("IMAGE_PROPERTIES", sample("flower.jpg"), most=3)
    colours = response.image_properties_annotation.dominant_colors.colors
    assert 5 <= len(colours) <= 10  # max_results does not apply
    teal, orange = colours[0].color, [c.color for c in colours if c.color.red > 180]
    assert teal.red < teal.green and teal.red < teal.blue
    assert orange and all(c.red > c.green > c.blue for c in orange)
    assert all(float(c.color.red).is_integer() for c in colours)


def test_the_same_picture_gives_the_same_colours(annotate: Annotate) -> None:
    first, second = (annotate("IMAGE_PROPERTIES", sample("china.jpg")) for _ in range(2))
    assert first == second
