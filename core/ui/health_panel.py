"""The doctor's findings as a page."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.doctor.checkup import look
from core.doctor.findings import Finding, Level, worst
from core.ui.components.widgets import escape_markdown, linked, result_of

KEY = "health"
_SIGNS = {
    Level.OK: (":green[:material/check_circle:]", ":gray[fine]"),
    Level.WARN: (":orange[:material/warning:]", ":orange[look at it]"),
    Level.FAIL: (":red[:material/error:]", ":red[does not work]"),
}


def show_health(hub: Hub) -> None:
    """Look at everything in the background, then list it, the worst first."""
    settings = hub.settings
    task = hub.tasks.start(KEY, lambda _report: look(settings))
    findings = result_of(task, "Looking at everything")
    if findings is None:
        return
    _summary(findings)
    order = list(Level)[::-1]
    ordered = sorted(findings, key=lambda one: order.index(one.level))
    for number, finding in enumerate(ordered):
        _row(number, finding, private=hub.visitor.unrestricted)
    if st.button("Look again", icon=":material/refresh:"):
        hub.tasks.forget(KEY)
        st.rerun()
    st.caption("The same in a terminal: `python -m core doctor`; for programs: `/readyz`.")


def _summary(findings: list[Finding]) -> None:
    bad = sum(finding.level is Level.FAIL for finding in findings)
    doubtful = sum(finding.level is Level.WARN for finding in findings)
    if worst(findings) is Level.OK:
        st.success(f"All {len(findings)} things that were looked at are fine.")
    elif bad:
        do = "does" if bad == 1 else "do"
        st.error(f"{bad} of {len(findings)} {do} not work; what to do stands beside each.")
    else:
        st.warning(f"Everything works; {doubtful} of {len(findings)} should be looked at.")


def _row(number: int, finding: Finding, *, private: bool) -> None:
    """Where it is, such as a path or an account, is shown to none but the operator."""
    icon, word = _SIGNS[finding.level]
    with st.container(border=True, key=f"health_{number}"):
        name, said = st.columns([1, 3])
        name.markdown(f"{icon} **{escape_markdown(finding.name)}** {word}")
        lines = [escape_markdown(finding.what)]
        if finding.where and private:
            lines.append(escape_markdown(finding.where))
        if finding.then:
            lines.append(f"**{linked(finding.then)}**")
        said.markdown("  \n".join(lines))
