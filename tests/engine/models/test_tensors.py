"""Pixels to tensors."""

from __future__ import annotations

import numpy as np

from core.engine.models.tensors import BGR, planes

RANDOM = np.random.default_rng(4)


def test_planes_are_the_plain_formula_channels_first() -> None:
    pictures = [RANDOM.integers(0, 256, (5, 7, 3), dtype=np.uint8) for _ in range(2)]
    mean, deviation = (10.0, 20.0, 30.0), (2.0, 4.0, 8.0)
    expected = ((np.stack(pictures) - np.array(mean)) / deviation).transpose(0, 3, 1, 2)
    tensor = planes(pictures, mean=mean, deviation=deviation)
    assert tensor.shape == (2, 3, 5, 7) and tensor.dtype == np.float32
    assert tensor.flags.c_contiguous  # onnxruntime would copy anything else
    np.testing.assert_allclose(tensor, expected, rtol=1e-6)


def test_channels_turn_round_and_mean_goes_with_the_result() -> None:
    pixels = np.zeros((1, 1, 3), np.uint8)
    pixels[0, 0] = 1, 2, 3
    tensor = planes([pixels], mean=(3.0, 0.0, 0.0), order=BGR)
    assert tensor[0, :, 0, 0].tolist() == [0.0, 2.0, 1.0]
