"""A press on a download button gets its file, although the page runs again at that moment.

Streamlit makes such a file beside the run that the press begins. Once made, its address waits in
the session's queue for the browser, and a run that begins meanwhile empties that queue of all but
messages about scripts (``ForwardMsgQueue.clear``): nothing is saved, and the button turns for the
three minutes that the browser waits.
"""

from __future__ import annotations

from functools import wraps

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue


def keep_answers() -> None:
    """Have answers to browsers' requests stay in queues that a new run empties.

    To be called before sessions begin; calling it again changes nothing.
    """
    empty = ForwardMsgQueue.clear
    if hasattr(empty, "__wrapped__"):
        return

    @wraps(empty)
    def clear(
        queue: ForwardMsgQueue,
        retain_lifecycle_msgs: bool = False,
        fragment_ids_this_run: list[str] | None = None,
    ) -> None:
        answers = [message for message in queue._queue if _is_answer(message)]
        empty(queue, retain_lifecycle_msgs, fragment_ids_this_run)
        if retain_lifecycle_msgs:
            others = [message for message in queue._queue if not _is_answer(message)]
            queue._queue = others + answers

    ForwardMsgQueue.clear = clear  # type: ignore[method-assign, assignment]


def _is_answer(message: ForwardMsg) -> bool:
    return message.WhichOneof("type") == "backend_operation_response"
