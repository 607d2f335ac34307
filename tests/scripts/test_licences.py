"""The list of licences leaves out nothing that we ask for ourselves."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from core.doctor.machine import ROOT, requirements
from core.engine.models.catalog import MODELS
from scripts.list_licences import PAGE

TEXT = PAGE.read_text()


def test_every_requirement_is_listed() -> None:
    listed = {canonicalize_name(name) for name in re.findall(r"^\| ([\w.-]+) +\|", TEXT, re.M)}
    wanted = {canonicalize_name(r.name) for r in requirements(ROOT / "requirements.txt")}
    assert len(wanted) > 20
    assert wanted <= listed, "run make licences"


def test_every_fetched_model_is_listed() -> None:
    for model in MODELS.values():
        row = f"| {model.name} | {model.package} {model.version} | {model.licence} |"
        assert row in TEXT, "run make licences"
