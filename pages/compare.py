"""Compare: two jobs or prefixes on the same pictures; sides and view stand in the URL."""

import streamlit as st

from core.ui import compare_choice, compare_gallery, compare_panel, saved_views
from core.ui.resources import ready_hub

hub = ready_hub()
st.title("Compare")
compare_choice.choose(hub)
saved_views.show_views(hub, "compare")

subjects = compare_choice.subjects(hub)
sides = compare_choice.loaded(hub, subjects) if subjects is not None else None
found = compare_choice.compared(sides) if sides is not None else None
if sides is None or found is None:
    st.stop()

compare_panel.show_faults(sides)
if not compare_panel.show_matching(found):
    st.stop()
compare_panel.show_numbers(found)
by = compare_panel.show_agreement(found)
compare_panel.show_changes(found, by)
compare_gallery.show_most_changed(hub, sides, found, by)
