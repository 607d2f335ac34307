"""Compare: two jobs or prefixes on the same pictures; sides and view stand in the URL."""

import streamlit as st

from core.ui.compare import choice, gallery, numbers
from core.ui.server.resources import ready_hub

hub = ready_hub()
choice.choose(hub)

subjects = choice.subjects(hub)
sides = choice.loaded(hub, subjects) if subjects is not None else None
found = choice.compared(hub, subjects, sides) if subjects and sides is not None else None
if sides is None or found is None:
    st.stop()

names = choice.side_names(hub)
numbers.show_faults(sides, names)
if not numbers.show_matching(found, names):
    st.stop()
pictures, agreement = st.columns([928, 432], gap="medium")
with pictures:
    gallery.show_changed(hub, sides, found, names)
with agreement, st.container(border=True, key="compare_agreement_card"):
    numbers.show_agreement(found, names)
    numbers.show_changes(found, names)
