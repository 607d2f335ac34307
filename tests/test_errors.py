"""The error tree: every error is drawn, pickles, and reads as what, where, what to do."""

from __future__ import annotations

import pickle

import pytest

from core import errors
from core.errors import ContactSheetError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ContactSheetError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_drawn_and_crosses_processes(kind: type[ContactSheetError]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__
    error = kind("It broke", where="gs://b/o", then="Mend it.")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == "It broke (gs://b/o). Mend it."


def test_parts_that_are_missing_leave_no_gap() -> None:
    assert str(ContactSheetError("It broke")) == "It broke."
