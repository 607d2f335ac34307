"""Submit page: how the features are asked for, all of it optional."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.app.hub import Hub
from core.errors import RequestError
from core.jobs.batch import amounts, billing_labels
from core.jobs.batch.features import MAX_RESULTS, MAX_RESULTS_DEFAULT, SHARD_SIZES
from core.jobs.batch.request import BatchRequest
from core.ui.components.widgets import address, show_error
from core.ui.costs.savings import Options

LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "ko", "pt", "ru", "zh-Hans", "zh-Hant")
RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16")
MODELS = {"Stable": "", "Latest": "builtin/latest"}
_TEXTS = ("TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION")


def choose_options(hub: Hub, features: tuple[str, ...], longest: int = 0) -> Options | None:
    """The settings besides the features; None, with the reasons shown, while they cannot be used.

    Args:
        longest: what uploads are made smaller to, see ``BatchRequest``.
    """
    state = st.session_state
    default_base = hub.jobs.base
    with st.expander(f"Options :gray[{said()}]", key="submit_options"):
        base = st.text_input(
            "Folder for results",
            value=default_base,
            key="job_base",
            help="Every job gets a folder of its own below it, so nothing is overwritten.",
        )
        limit, shard_size = _choose_numbers()
        hints = _choose_texts(features)
        ratios = _choose_ratios(features)
        model, labels = _choose_service(hub, features)
    try:
        request = BatchRequest(
            features=features,
            max_results=limit,
            language_hints=tuple(hints),
            aspect_ratios=tuple(_ratio(text) for text in ratios),
            batch_size=shard_size,
            web_geo=bool("WEB_DETECTION" in features and state.get("web_geo")),
            model=model,
            text_confidence=bool("TEXT_DETECTION" in features and state.get("text_confidence")),
            legacy_layout=bool(set(_TEXTS) & set(features) and state.get("legacy_layout")),
            labels=billing_labels.parse(labels),
            longest=longest,
        )
    except RequestError as error:
        show_error(error)
        return None
    title = str(state.get("job_title") or "").strip()
    return Options(request, title, "" if base == default_base else address(base))


def _choose_numbers() -> tuple[int, int | None]:
    """Most results a feature, and pictures a shard; None lets those follow the batch's size."""
    left, right = st.columns(2)
    limit = left.number_input(
        "Most results a feature",
        min_value=MAX_RESULTS[0],
        max_value=MAX_RESULTS[-1],
        value=MAX_RESULTS_DEFAULT,
        key="max_results",
        help="Of labels, objects, faces, logos, landmarks and web; text, colours, crop hints "
        "and safe search always come whole.",
        persist_state="session",
    )
    shard_size = right.number_input(
        "Pictures a shard",
        min_value=SHARD_SIZES[0],
        max_value=SHARD_SIZES[-1],
        value=None,
        placeholder="automatic",
        key="shard_size",
        help="Results come in files of this many pictures; progress is seen shard by shard. "
        "Left empty, a fortieth of the batch, 1 to 20.",
        persist_state="session",
    )
    return int(limit), None if shard_size is None else int(shard_size)


def said() -> str:
    """What the options are, in the words of the closed box."""
    state = st.session_state
    shard = state.get("shard_size")
    parts = [amounts.count(state.get("max_results") or MAX_RESULTS_DEFAULT, "result")]
    size = f"{amounts.count(shard, 'picture')} a shard" if shard else "automatic shard size"
    parts.append(size)
    if state.get("model") == "Latest":
        parts.append("latest model")
    return " · ".join(parts)


def _choose_texts(features: tuple[str, ...]) -> list[str]:
    hints: list[str] = st.multiselect(
        "Languages of the text",
        LANGUAGES,
        key="language_hints",
        accept_new_options=True,
        help="BCP 47 codes. Leave it empty unless the language is known: it is detected.",
        disabled=not set(_TEXTS) & set(features),
        persist_state="session",
    )
    if "TEXT_DETECTION" in features:
        st.checkbox(
            "Say how sure each word is",
            key="text_confidence",
            help="For Text; Document text always does.",
            persist_state="session",
        )
    if set(_TEXTS) & set(features):
        st.checkbox(
            "Find blocks of text by rules",
            key="legacy_layout",
            help="legacy_layout: the layout of before the service's model for it. The local "
            "engine has one layout only.",
            persist_state="session",
        )
    return hints


def _choose_ratios(features: tuple[str, ...]) -> list[str]:
    ratios: list[str] = []
    if "CROP_HINTS" in features:
        ratios = st.multiselect(
            "Aspect ratios of crops",
            RATIOS,
            key="aspect_ratios",
            accept_new_options=True,
            help="Width to height, such as 16:9 or 1.5. Empty gives each picture's best crop.",
            persist_state="session",
        )
    return ratios


def _choose_service(hub: Hub, features: tuple[str, ...]) -> tuple[str, str]:
    """The model's name on the wire, and labels of the bill as they were typed."""
    if "WEB_DETECTION" in features:
        st.checkbox(
            "Use where a picture was taken",
            key="web_geo",
            help="include_geo_results: web detection looks at the place that the camera noted.",
            persist_state="session",
        )
    google = not hub.settings.has_engine
    model = "Stable"
    if google:
        model = st.segmented_control(
            "Model",
            list(MODELS),
            default="Stable",
            required=True,
            key="model",
            help="Latest is what becomes stable later, a few weeks ahead of it.",
            persist_state="session",
        )
    labels: str = st.text_input(
        "Labels of the bill",
        key="billing_labels",
        placeholder="team=maps, cost-center=42",
        help=f"Google's bill can be split by them. {billing_labels.JOB} (the job's id) and "
        f"{billing_labels.OWNER} (who sent it) are set by themselves.",
        persist_state="session",
    )
    if google:
        place = hub.settings.cloud.location or "global"
        st.caption(f"Region: {place} (CONTACT_SHEET_LOCATION).")
    return MODELS.get(model, ""), labels


def set_options(request: BatchRequest) -> None:
    """Write a preset's options into the widgets, before they are drawn."""
    values: dict[str, Any] = {
        "max_results": request.max_results or MAX_RESULTS_DEFAULT,
        "shard_size": request.batch_size,
        "language_hints": list(request.language_hints),
        "aspect_ratios": [f"{ratio:g}" for ratio in request.aspect_ratios],
        "text_confidence": request.text_confidence,
        "legacy_layout": request.legacy_layout,
        "web_geo": request.web_geo,
        "model": next((k for k, v in MODELS.items() if v == request.model), "Stable"),
        "billing_labels": ", ".join(f"{key}={value}" for key, value in request.labels),
    }
    st.session_state.update(values)


def _ratio(text: str) -> float:
    width, _, height = text.partition(":")
    try:
        return float(width) / float(height or 1)
    except (ValueError, ZeroDivisionError):
        return float("nan")  # the request says what is wrong with it
