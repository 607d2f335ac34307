"""Presets: what each asks for on a backend, and one's own as flat texts."""

from __future__ import annotations

import pytest

from core.errors import RequestError
from core.jobs.batch.features import FEATURES
from core.jobs.batch.presets import PRESETS, from_params, to_params
from core.jobs.batch.request import BatchRequest


def test_everything_asks_for_one_text_only_and_for_what_is_offered() -> None:
    whole = PRESETS["Everything"].chosen(FEATURES)
    assert set(FEATURES) - set(whole) == {"TEXT_DETECTION"}
    some = PRESETS["Everything"].chosen({"TEXT_DETECTION", "LABEL_DETECTION"})
    assert some == ("LABEL_DETECTION", "TEXT_DETECTION")


def test_presets_ask_for_features_that_there_are() -> None:
    for preset in PRESETS.values():
        assert set(preset.features) <= set(FEATURES)
        assert preset.chosen(FEATURES)
        assert preset.chosen(()) == ()


@pytest.mark.parametrize(
    "request_",
    [
        BatchRequest(("LABEL_DETECTION",), batch_size=None),
        BatchRequest(
            ("TEXT_DETECTION", "CROP_HINTS", "WEB_DETECTION"),
            max_results=7,
            language_hints=("en", "zh-Hant"),
            aspect_ratios=(1.5, 0.75),
            batch_size=3,
            web_geo=True,
            model="builtin/latest",
            text_confidence=True,
            legacy_layout=True,
            labels=(("team", "maps"), ("empty", "")),
        ),
    ],
)
def test_a_saved_preset_comes_back(request_: BatchRequest) -> None:
    assert from_params(to_params(request_)) == request_


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"features": "NO_SUCH"},
        {"features": "LABEL_DETECTION", "max_results": "many"},
        {"features": "LABEL_DETECTION", "ratios": "wide"},
        {"features": "LABEL_DETECTION", "model": "builtin/weekly"},
        {"features": "LABEL_DETECTION", "labels": "Team=x"},
    ],
)
def test_a_damaged_one_is_an_error_with_a_cure(params: dict[str, str]) -> None:
    with pytest.raises(RequestError) as caught:
        from_params(params)
    assert caught.value.then
