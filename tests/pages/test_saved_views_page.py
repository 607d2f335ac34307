"""Saved views on their pages: saved, opened, renamed, deleted and undone, and refused."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from core.app.hub import Hub
from core.jobs.ledger.records import Job
from tests.kit.web.pages import BOB, GUEST, HOSTILE, MARKUP, Be, Open

SAVE = "Save this view"


@pytest.fixture(autouse=True)
def no_views(hub: Hub) -> Iterator[None]:
    """None before, and none left for others."""
    assert hub.views.list() == []
    yield
    for view in hub.views.list():
        hub.views.delete(view.id)


def press(app: AppTest, label: str) -> AppTest:
    (button,) = (button for button in app.button if button.label == label)
    button.click().run()
    assert not app.exception
    return app


def press_of(app: AppTest, hub: Hub, name: str, label: str) -> AppTest:
    """The button beside a view of that name."""
    view = next(view for view in hub.views.list() if view.name == name)
    app.button(key=f"view_{label.lower()}_{view.id}").click().run()
    assert not app.exception
    return app


def save(app: AppTest, name: str) -> AppTest:
    app.text_input(key="view_name").set_value(name)
    return press(app, SAVE)


def shown(app: AppTest) -> dict[str, dict[str, list[str]]]:
    """Label without its backslashes -> parameters of the links to saved views."""
    links = [link.proto for link in app.get("page_link")]
    return {
        link.label.replace("\\", ""): parse_qs(link.query_string)
        for link in links
        if link.icon == ":material/bookmark:"
    }


def can_save(app: AppTest) -> bool:
    """Whether saving is offered; where it is not, the menu says what has to be done first."""
    offered = any(button.label == SAVE for button in app.button)
    why = "Once both sides are chosen, the comparison can be saved."
    assert offered != any(caption.value == why for caption in app.caption)
    return offered


def errors(app: AppTest) -> list[str]:
    return [error.value.split("**")[1] for error in app.error]


def test_a_view_is_saved_and_leads_back_from_other_pages(
    open_page: Open, hub: Hub, done_job: Job
) -> None:
    app = open_page("explore", job=done_job.id, label="Egyptian cat", until="tab")
    save(app, "Cats")
    params = {"job": [done_job.id], "label": ["Egyptian cat"]}
    assert shown(app) == {"Cats · Explore": params}
    app = open_page("compare")
    assert shown(app) == {"Cats · Explore": params}
    newest = next(job.id for job in hub.jobs.list() if job.has_results)
    assert app.selectbox(key="compare_left").value == newest
    assert not can_save(app)  # half a comparison: the right side is not chosen
    back = {name: values[0] for name, values in shown(app)["Cats · Explore"].items()}
    app = open_page("explore", until="tab", opened=["filters"], **back)
    assert app.multiselect(key="filter_labels").value == ["Egyptian cat"]


def test_a_comparison_is_saved_once_both_sides_stand(open_page: Open, done_job: Job) -> None:
    assert not can_save(open_page("compare", left=done_job.id))
    assert not can_save(open_page("compare", right=done_job.id))
    assert not can_save(open_page("compare", left=done_job.id, right="nothing-of-ours"))
    sides = {"left": done_job.id, "right": done_job.id}
    app = open_page("compare", **sides)
    assert can_save(app)
    assert shown(save(app, "Both")) == {"Both · Compare": {k: [v] for k, v in sides.items()}}
    assert list(shown(open_page("compare", left=done_job.id))) == ["Both · Compare"]


def test_a_name_is_given_once_and_must_be_one(open_page: Open, hub: Hub, done_job: Job) -> None:
    app = open_page("report", job=done_job.id)
    save(app, "Mine")
    save(app, " Mine ")
    assert errors(app) == ["There is a view of this name"]
    save(app, " \t\0")
    assert errors(app) == ["A view needs a name"]
    app.run()
    assert errors(app) == []  # said once
    save(app, "Other")
    press_of(app, hub, "Other", "Rename")
    (box,) = (box for box in app.text_input if box.label == "New name")
    box.set_value("Mine").run()
    assert errors(app) == ["There is a view of this name"]
    assert list(shown(app)) == ["Mine · Report", "Other · Report"]


def test_rename_delete_and_undo(open_page: Open, done_job: Job) -> None:
    app = save(open_page("explore", job=done_job.id, until="tab"), "Before")
    press(app, "Rename")
    (box,) = (box for box in app.text_input if box.label == "New name")
    assert box.value == "Before"
    box.set_value("After").run()
    assert list(shown(app)) == ["After · Explore"]
    press(app, "Delete")
    assert shown(app) == {}
    assert any(text.value == "Deleted: After" for text in app.markdown)
    press(app, "Undo")
    assert shown(app) == {"After · Explore": {"job": [done_job.id]}}
    assert not any(button.label == "Undo" for button in app.button)


def test_hostile_name_is_text_wherever_it_stands(open_page: Open, done_job: Job) -> None:
    app = save(open_page("explore", job=done_job.id, until="tab"), HOSTILE)
    assert list(shown(app)) == [f"{HOSTILE} · Explore"]
    save(app, HOSTILE)
    assert HOSTILE in app.error[0].value.replace("\\", "")
    press(app, "Delete")
    assert any(text.value.startswith("Deleted: \\<img") for text in app.markdown)
    for element in [*app.markdown, *app.caption, *app.error, *app.warning]:
        assert not MARKUP.search(element.value), element.value
    for link in app.get("page_link"):
        assert not MARKUP.search(link.proto.label)


def test_what_is_too_much_is_refused(open_page: Open, done_job: Job) -> None:
    app = open_page("explore", job=done_job.id, utm="x" * 9_000, until="tab")
    save(app, "Long")
    assert errors(app) == ["This view cannot be saved"]
    assert shown(app) == {}


def test_others_have_their_own_and_the_demo_only_looks(
    open_page: Open, be: Be, hub: Hub, done_job: Job
) -> None:
    save(open_page("explore", job=done_job.id, until="tab"), "Everybody's")
    be(BOB)
    app = open_page("explore", job=done_job.id, until="tab")
    assert shown(app) == {}
    save(app, "Everybody's")  # a name is taken for oneself alone
    assert list(shown(app)) == ["Everybody's · Explore"]
    press(app, "Delete")
    be(GUEST)
    app = open_page("explore", job=done_job.id, until="tab")
    assert list(shown(app)) == ["Everybody's · Explore"]
    labels = {button.label for button in app.button}
    assert not labels & {SAVE, "Rename", "Delete", "Undo"}
    assert [view.name for view in hub.views.list()] == ["Everybody's"]
