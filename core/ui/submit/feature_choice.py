"""Submit page: what should be found, by preset or feature by feature, and what is done for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.batch.features import FEATURES
from core.jobs.batch.presets import PRESETS, QUICK_LOOK, from_params, to_params
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.saved_views import MOST_NAME, View
from core.jobs.ledger.saved_views import PRESETS as PRESET_PAGE
from core.jobs.service.connection import FeatureSupport
from core.ui.components.widgets import escape_markdown, show_error
from core.ui.submit.options import set_options

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

OWN = "Own choice"
PRESET, FEATURE = "preset", "feature"
TAKEN = "preset_taken"  # whose features are the chosen ones
FAULT = "preset_fault"
SHOWN = 3  # features that are described without opening anything


def choose_features(hub: Hub) -> tuple[tuple[str, ...], DeltaGenerator]:
    """Presets, the features as pills, and the limits of those chosen.

    Returns:
        Names of the features, and where ``show_saving`` goes.
    """
    capabilities = hub.connection().capabilities
    offered = _offered(capabilities)
    saved = {view.name: view for view in hub.views.list(presets=True)}
    names = [*PRESETS, *(name for name in saved if name not in PRESETS), OWN]
    _begin(names, offered, saved)
    st.markdown("**What should be found?**")
    st.pills(
        "Preset",
        names,
        default=QUICK_LOOK.title,
        required=True,
        format_func=_said,
        key=PRESET,
        on_change=_apply,
        args=(offered, saved),
        label_visibility="collapsed",
        wrap=True,
        bind="query-params",
    )
    titles = {FEATURES[name].title: name for name in offered}
    bar = st.container(key="submit_features", horizontal=True, vertical_alignment="center")
    bar.markdown("**Features**", width="content")
    shown = st.pills(
        "Features",
        list(titles),
        selection_mode="multi",
        default=[FEATURES[name].title for name in QUICK_LOOK.chosen(offered)],
        key=FEATURE,
        on_change=_own_choice,
        label_visibility="collapsed",
        wrap=True,
        bind="query-params",
    )
    chosen = [titles[title] for title in shown]
    chosen.sort(key=list(FEATURES).index)
    with bar.popover("What is found, and limits", type="tertiary", key="limits"):
        _show_limits(capabilities)
    _show_what_is_found(capabilities, chosen)
    bar.space("stretch")
    return tuple(chosen), bar


def _said(preset: str) -> str:
    """As it is shown, and as the address names it."""
    return escape_markdown(preset[:40])


def _begin(names: Sequence[str], offered: Sequence[str], saved: Mapping[str, View]) -> None:
    """A link may name a preset alone: then the features are its own."""
    named = {_said(name): name for name in names}.get(st.query_params.get(PRESET, ""))
    if named and FEATURE not in st.query_params and st.session_state.get(TAKEN) != named:
        _take(named, offered, saved)


def preset_of(hub: Hub, request: BatchRequest) -> str:
    """The preset that asks for the same: a saved one with its options too; ``OWN`` if none does."""
    for view in hub.views.list(presets=True):
        if view.params == to_params(request):
            return view.name
    offered, names = _offered(hub.connection().capabilities), set(request.features)
    same = (preset.title for preset in PRESETS.values() if set(preset.chosen(offered)) == names)
    return next(same, OWN)


def _offered(capabilities: Mapping[str, FeatureSupport]) -> list[str]:
    return [name for name in FEATURES if _supported(capabilities, name)]


def _supported(capabilities: Mapping[str, FeatureSupport], name: str) -> bool:
    return name in capabilities and capabilities[name].supported


def _apply(offered: Sequence[str], saved: Mapping[str, View]) -> None:
    _take(st.session_state[PRESET], offered, saved)


def _take(name: str, offered: Sequence[str], saved: Mapping[str, View]) -> None:
    """Take a preset's features, and of a saved one its options as well."""
    st.session_state[TAKEN] = name
    if name in PRESETS:
        _set_features(PRESETS[name].chosen(offered))
    elif name in saved:
        try:
            request = from_params(saved[name].params)
        except ContactSheetError as error:
            st.session_state[FAULT] = error
            return
        _set_features([name for name in request.features if name in offered])
        set_options(request)


def _set_features(names: Sequence[str]) -> None:
    st.session_state[FEATURE] = [FEATURES[name].title for name in names]


def _own_choice() -> None:
    st.session_state[PRESET] = st.session_state[TAKEN] = OWN


def _show_what_is_found(capabilities: Mapping[str, FeatureSupport], chosen: Sequence[str]) -> None:
    """What the chosen features do here, in a few lines."""
    fault = st.session_state.pop(FAULT, None)
    if fault is not None:
        show_error(fault)
    if "TEXT_DETECTION" in chosen and "DOCUMENT_TEXT_DETECTION" in chosen:
        st.info(
            "Of *Text* and *Document text* together only *Document text* answers: it takes "
            "precedence. Both may be counted as units all the same: leave one out.",
            icon=":material/info:",
        )
    shown = [
        f"**{FEATURES[name].title}**: {escape_markdown(capabilities[name].does)}" for name in chosen
    ]
    if len(shown) > SHOWN:
        shown = [*shown[: SHOWN - 1], f"and of {len(shown) - SHOWN + 1} more see the limits above."]
    missing = [FEATURES[name].title for name in FEATURES if not _supported(capabilities, name)]
    if missing:
        shown.append(f"Not offered here: {', '.join(missing)}.")
    with st.container(key="submit_found"):
        st.caption("  \n".join(shown))


def _show_limits(capabilities: Mapping[str, FeatureSupport]) -> None:
    """Each feature as this backend has it: how good, as measured, by which model."""
    for name, info in FEATURES.items():
        support = capabilities.get(name)
        if support is None or not support.supported:
            why = support.does if support is not None else "This backend does not offer it."
            st.markdown(f"**{info.title}** :gray[not offered. {escape_markdown(why)}]")
            continue
        model = f"Model: {support.model}." if support.model else ""
        alone = "" if support.files else "For pictures alone, not for pages of files."
        parts = [support.limits, alone, model, support.licence and f"Licence: {support.licence}."]
        said = " ".join(escape_markdown(part) for part in parts if part)
        st.markdown(f"**{info.title}** {escape_markdown(support.does)}  \n:gray[{said}]")


def show_saving(hub: Hub, request: BatchRequest, bar: DeltaGenerator) -> None:
    """Keep what is chosen under a name, and delete what was kept."""
    if not hub.views.writable:
        return
    with bar.popover("Save as a preset", type="tertiary", key="save_preset"):
        with st.form("preset_form", border=False, clear_on_submit=True):
            st.text_input("Name of the preset", key="preset_name", max_chars=MOST_NAME)
            st.form_submit_button(
                "Save", icon=":material/bookmark_add:", on_click=_save, args=(hub, request)
            )
        for view in hub.views.list(presets=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(escape_markdown(view.name))
                st.button(
                    "Delete",
                    type="tertiary",
                    key=f"preset_delete_{view.id}",
                    on_click=_delete,
                    args=(hub, view),
                )


def _save(hub: Hub, request: BatchRequest) -> None:
    name = st.session_state["preset_name"]
    try:
        if name.strip() in (*PRESETS, OWN):
            name = f"{name.strip()} (own)"
        hub.views.save(name, PRESET_PAGE, to_params(request))
    except ContactSheetError as error:
        st.session_state[FAULT] = error
        return
    st.session_state[PRESET] = st.session_state[TAKEN] = " ".join(name.split())


def _delete(hub: Hub, view: View) -> None:
    try:
        hub.views.delete(view.id)
    except ContactSheetError as error:
        st.session_state[FAULT] = error
        return
    if st.session_state.get(PRESET) == view.name:
        st.session_state[PRESET] = OWN
