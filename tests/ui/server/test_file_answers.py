"""A run that begins does not lose the address of a file that a press has just made."""

from __future__ import annotations

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from core.ui.server.file_answers import keep_answers


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> ForwardMsgQueue:
    """A session's messages: an answer between two elements of the page."""
    original = getattr(ForwardMsgQueue.clear, "__wrapped__", ForwardMsgQueue.clear)
    monkeypatch.setattr(ForwardMsgQueue, "clear", original)
    keep_answers()
    keep_answers()  # a second hub of the process
    queue = ForwardMsgQueue()
    for number, text in enumerate(("before", "after")):
        element = ForwardMsg()
        element.delta.new_element.text.body = text
        element.metadata.delta_path.extend([0, number])
        queue.enqueue(element)
        if not number:
            answer = ForwardMsg()
            answer.backend_operation_response.request_id = "press"
            answer.backend_operation_response.deferred_file.url = "/media/a.csv"
            queue.enqueue(answer)
    return queue


@pytest.mark.parametrize("fragments", [None, ["fragment"]])
def test_the_answer_stays_once(queue: ForwardMsgQueue, fragments: list[str] | None) -> None:
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=fragments)
    messages = queue.flush()
    answers = [m.backend_operation_response for m in messages if not m.HasField("delta")]
    assert [(one.request_id, one.deferred_file.url) for one in answers] == [
        ("press", "/media/a.csv")
    ]
    assert len(messages) == (1 if fragments is None else 3)  # a fragment leaves the page's rest


def test_what_is_sent_is_not_sent_again(queue: ForwardMsgQueue) -> None:
    assert len(queue.flush()) == 3
    assert queue.flush() == []


def test_an_element_of_the_new_run_takes_its_own_place(queue: ForwardMsgQueue) -> None:
    queue.clear(retain_lifecycle_msgs=True)
    for text in ("old", "new"):
        element = ForwardMsg()
        element.delta.new_element.text.body = text
        element.metadata.delta_path.extend([0, 0])
        queue.enqueue(element)
    texts = [m.delta.new_element.text.body for m in queue.flush() if m.HasField("delta")]
    assert texts == ["new"]
