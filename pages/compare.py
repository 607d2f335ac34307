"""Compare: two jobs or prefixes on the same pictures; sides and view stand in the URL."""

import streamlit as st

from core.ui.compare import choice, gallery, numbers
from core.ui.server.resources import ready_hub

hub = ready_hub()
alone = choice.choose(hub)

subjects = choice.subjects(hub, alone=alone)
sides = choice.loaded(hub, subjects) if subjects is not None else None
comparison = choice.compared(hub, subjects, sides) if subjects and sides is not None else None
if sides is None or comparison is None:
    st.stop()

names = choice.side_names(hub)
numbers.show_faults(sides, names)
if not numbers.show_matching(comparison, names, sides[0]):
    st.stop()
pictures, agreement = st.columns([928, 432], gap="medium")
with pictures:
    gallery.show_changed(hub, sides, comparison, names)
with agreement, st.container(border=True, key="compare_agreement_card"):
    numbers.show_agreement(comparison, names)
    numbers.show_changes(comparison, names)
