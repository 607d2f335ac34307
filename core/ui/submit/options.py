"""Submit page, second step: features and how they are asked for."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.errors import RequestError
from core.jobs.batch.features import (
    DEFAULT_SHARD_SIZE,
    FEATURES,
    MAX_RESULTS,
    SHARD_SIZES,
    FeatureInfo,
)
from core.jobs.batch.request import BatchRequest
from core.jobs.service.connection import FeatureSupport
from core.ui.components.widgets import address, escape_markdown, show_error
from core.ui.costs.savings import Options

TICKED = ("LABEL_DETECTION", "IMAGE_PROPERTIES", "SAFE_SEARCH_DETECTION")
LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "ko", "pt", "ru", "zh-Hans", "zh-Hant")
RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16")


def choose_features(capabilities: Mapping[str, FeatureSupport]) -> tuple[str, ...]:
    """A card a feature: what it answers, and what this backend really does for it."""
    names = sorted(FEATURES, key=lambda name: not _supported(capabilities, name))
    chosen = []
    for row in range(0, len(names), 3):
        for column, name in zip(st.columns(3), names[row : row + 3], strict=False):
            with column, st.container(border=True, height="stretch"):
                if _card(FEATURES[name], capabilities.get(name)):
                    chosen.append(name)
    if {"TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION"} <= set(chosen):
        st.info(
            "Of *Text* and *Document text* together only *Document text* answers: it takes "
            "precedence. Both may be counted as units all the same: leave one out.",
            icon=":material/info:",
        )
    return tuple(name for name in FEATURES if name in chosen)


def _supported(capabilities: Mapping[str, FeatureSupport], name: str) -> bool:
    return name in capabilities and capabilities[name].supported


def _card(info: FeatureInfo, support: FeatureSupport | None) -> bool:
    usable = support is not None and support.supported
    ticked = st.checkbox(
        f"{info.icon} **{info.title}**",
        value=usable and info.name in TICKED,
        disabled=not usable,
        key=f"feature_{info.name}",
        persist_state="session",
    )
    st.caption(info.sentence)
    if support is None or not usable:
        reason = support.does if support is not None else "This backend does not offer it."
        st.caption(f":material/block: {escape_markdown(reason)}")
    elif support.does != info.sentence:
        st.caption(f":material/memory: {escape_markdown(support.does)}", help=_small_print(support))
    if usable and support is not None and not support.files:
        st.caption(":material/image: For pictures alone, not for pages of files.")
    return ticked and usable


def _small_print(support: FeatureSupport) -> str | None:
    parts = [support.limits, support.model and f"Model: {support.model}.", support.licence]
    return "  \n".join(escape_markdown(part) for part in parts if part) or None


def choose_options(features: tuple[str, ...], default_base: str) -> Options | None:
    """The remaining settings; None, with the reasons shown, while they cannot be used."""
    with st.expander("Options", icon=":material/tune:"):
        left, right = st.columns(2)
        title = left.text_input("Name of the job", key="job_title", max_chars=100)
        base = right.text_input(
            "Folder for results",
            value=default_base,
            key="job_base",
            help="Every job gets a folder of its own below it, so nothing is overwritten.",
        )
        limit = left.number_input(
            "Most results a feature",
            min_value=MAX_RESULTS[0],
            max_value=MAX_RESULTS[-1],
            value=10,
            key="max_results",
            help="Of labels, objects, faces, logos, landmarks and web; text, colours, crop hints "
            "and safe search always come whole.",
        )
        shard_size = right.number_input(
            "Pictures a shard",
            min_value=SHARD_SIZES[0],
            max_value=SHARD_SIZES[-1],
            value=DEFAULT_SHARD_SIZE,
            key="shard_size",
            help="Results come in files of this many pictures; progress is seen shard by shard.",
        )
        hints = left.multiselect(
            "Languages of the text",
            LANGUAGES,
            key="language_hints",
            accept_new_options=True,
            help="BCP 47 codes. Leave it empty unless the language is known: it is detected.",
        )
        ratios = right.multiselect(
            "Aspect ratios of crops",
            RATIOS,
            key="aspect_ratios",
            accept_new_options=True,
            help="Width to height, such as 16:9 or 1.5. Empty gives each picture's best crop.",
        )
    try:
        request = BatchRequest(
            features=features,
            max_results=int(limit),
            language_hints=tuple(hints),
            aspect_ratios=tuple(_ratio(text) for text in ratios),
            batch_size=int(shard_size),
        )
    except RequestError as error:
        show_error(error)
        return None
    return Options(request, title.strip(), "" if base == default_base else address(base))


def _ratio(text: str) -> float:
    width, _, height = text.partition(":")
    try:
        return float(width) / float(height or 1)
    except (ValueError, ZeroDivisionError):
        return float("nan")  # the request says what is wrong with it
