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

numbers.show_faults(sides)
if not numbers.show_matching(found):
    st.stop()
numbers.show_numbers(found)
by = numbers.show_agreement(found)
numbers.show_changes(found, by)
gallery.show_most_changed(hub, sides, found, by)
