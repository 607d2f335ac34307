"""Text from outside stays text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.ui.components.widgets import browser_component, escape_markdown, linked

JOINER = "\N{WORD JOINER}"  # put in where a pattern has to be broken; nobody sees it


def test_what_turns_the_text_behind_it_is_left_out_and_what_joins_signs_is_not() -> None:
    family = "\U0001f468\u200d\U0001f469"
    assert escape_markdown(f"a\u202eb {family}\u2066\x00c") == f"a b {family} c"


@pytest.mark.parametrize(
    "text",
    ["**bold**", "[a](http://b)", "![x](y)", "<b>", "$x$", ":red[x]", "# h", "- x", "`x`", "~~x~~"],
)
def test_no_mark_stands_without_its_backslash(text: str) -> None:
    shown = escape_markdown(text)
    assert shown.replace("\\", "").replace(JOINER, "") == text
    assert not any(
        a not in "\\" and b in "*[]<$:#`~!(" for a, b in zip(" " + shown, shown, strict=False)
    )


# What Streamlit's Markdown looks for once the backslashes are gone (its front end's own patterns,
# and those of mdast-util-gfm-autolink-literal); tests/browser/test_untrusted_text.py proves it.
LATE = (
    r"(?i)(https?://|www(?=\.))([-.\w]+)",
    r"[-.\w+]+@[-\w]+(\.[-\w]+)+",
    r":material_\w+:",
    r":[+\w-]+:",
    r"(^|\s)(<->|->|<-|--|>=|<=|~=)(\s|$)",
)


MARKS = (
    *("http://", "HTTPS://", "www.", "a.example", "me@", ":material_face:", ":material/face:"),
    *(":streamlit:", ":smile:", ":+1:", "->", "<->", "<-", "--", "~=", ">=", "<=", ":", "x"),
)


@given(
    st.lists(
        st.sampled_from(MARKS),
        max_size=8,
    ),
    st.sampled_from(["", " "]),
)
def test_nothing_is_found_after_markdown_has_taken_the_backslashes(
    marks: list[str], between: str
) -> None:
    text = between.join(marks)
    late = escape_markdown(text).replace("\\", "")
    assert late.replace(JOINER, "") == " ".join(text.split())
    assert not [pattern for pattern in LATE if re.search(pattern, late)]


@given(st.text())
def test_letters_are_kept_and_lines_joined(text: str) -> None:
    shown = escape_markdown(text)
    assert "\n" not in shown
    assert [c for c in shown if c.isalnum()] == [c for c in text if c.isalnum()]


def test_half_a_character_can_be_sent() -> None:
    def page() -> None:
        from core.errors import SettingsError
        from core.ui.components.widgets import show_error

        show_error(SettingsError("Odd \ud800", where="/x/\udcff"))

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.error[0].value.replace("\\", "") == "**Odd ?**  \n/x/?"


def test_error_tells_what_where_and_what_to_do() -> None:
    def page() -> None:
        from core.errors import ObjectNotFound
        from core.ui.components.widgets import show_error

        show_error(ObjectNotFound("Gone", where="gs://b/*x*", then="Look elsewhere."))

    app = AppTest.from_function(page).run()
    assert app.error[0].value.replace("\\", "") == "**Gone**  \ngs://b/*x*  \nLook elsewhere."
    assert "*x*" not in app.error[0].value


def test_a_place_of_several_lines_is_shown_as_it_stands_and_is_never_a_mark() -> None:
    def page() -> None:
        from core.errors import ObjectNotFound
        from core.ui.components.widgets import show_error

        said = 'near "*x*"\n\nLINE 1: SELEC *x* ``` [a](b)\n             ^\u202e'
        show_error(ObjectNotFound("Wrong", where=said, then="Look there."))

    app = AppTest.from_function(page).run()
    lines = app.error[0].value.split("\n")
    assert lines == [
        "**Wrong**", "", '    near "*x*"', "    LINE 1: SELEC *x* ``` [a](b)",
        "                 ^ ", "", "Look there\\.",
    ]  # fmt: skip


CONSOLE = "https://console.cloud.google.com/apis/library/vision.googleapis.com?project=p_1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Enable it on {CONSOLE} and wait.", rf"Enable it on <{CONSOLE}> and wait\."),
        (f"See {CONSOLE}.", rf"See <{CONSOLE}>\."),
        (CONSOLE, f"<{CONSOLE}>"),
        ("https://console.cloud.google.com.evil.example/x", None),
        ("https://evil.example/?https://console.cloud.google.com", None),
        (
            "https://console.cloud.google.com/x><script>",
            r"<https://console.cloud.google.com/x>\>\<script\>",
        ),
        ("javascript://console.cloud.google.com/x", None),
        ("Run `gcloud auth login`, or not.", r"Run `gcloud auth login`, or not\."),
        ("Two `of` them: `x-y z=1`", r"Two `of` them\: `x-y z=1`"),
        ("An odd ` mark and `<b>`", None),
        ("`![x](y)`", None),
    ],
)
def test_only_google_s_console_becomes_a_link_and_only_a_command_becomes_code(
    text: str, shown: str | None
) -> None:
    assert linked(text) == (escape_markdown(text) if shown is None else shown)


def waiting() -> None:
    """A page that waits for a task which never ends by itself."""
    import threading

    import streamlit as st

    from core.app.tasks import Tasks
    from core.ui.components.widgets import result_of

    @st.cache_resource
    def shared() -> tuple[Tasks, threading.Event]:
        return Tasks(), threading.Event()

    tasks, go = shared()
    st.session_state["shared"] = tasks, go
    answer = result_of(tasks.start("look", lambda _: go.wait(20)), "Looking at the pictures")
    if answer is not None:
        st.write(f"found {answer}")


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_who_waits_can_cancel_and_start_again() -> None:
    app = AppTest.from_function(waiting).run()
    assert labels(app) == ["Cancel"]
    app.button[0].click().run()
    assert "cancelled" in app.info[0].value
    assert labels(app) == ["Start again"]
    tasks, go = app.session_state["shared"]
    assert tasks.start("look", lambda _: True).cancelled
    app.run()
    assert labels(app) == ["Start again"]
    app.button[0].click().run()
    assert labels(app) == ["Cancel"]
    go.set()
    tasks.start("look", lambda _: False).future.result(5)
    app.run()
    assert app.markdown[0].value == "found True"


def test_somebody_else_who_waits_keeps_it_going() -> None:
    app = AppTest.from_function(waiting).run()
    tasks, go = app.session_state["shared"]
    tasks.forget("look")  # of the test before
    go.clear()
    app.run()
    task = tasks.start("look", lambda _: False)
    task.watched_by("another window")
    app.button[0].click().run()
    assert "cancelled" in app.info[0].value and not task.done
    go.set()
    assert task.future.result(5) is True
    app.button[0].click().run()
    assert app.markdown[0].value == "found True"


def steps() -> None:
    from core.ui.components.widgets import show_step

    show_step("page", -1, False, print)
    show_step("page", 1, True, print, 2)


def test_arrows_are_drawn_at_every_run() -> None:
    app = AppTest.from_function(steps).run()
    for _ in range(2):  # of the same page, too
        assert [button.label for button in app.button] == ["Previous", "Next"]
        app.run()


def test_a_component_is_registered_once(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("export default () => {};")
    names = [browser_component("once", tmp_path, "one.js") for _ in range(2)]
    assert names[0] is names[1]
