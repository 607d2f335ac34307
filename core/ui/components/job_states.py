"""How the states of a job look, wherever one is named."""

from __future__ import annotations

from core.jobs.ledger.records import JobState

# Colour and icon of each state; the word itself always stands beside them.
LOOKS = {
    JobState.UPLOADING: ("blue", ":material/upload:", "Uploading"),
    JobState.WAITING: ("gray", ":material/hourglass_top:", "Waiting"),
    JobState.STOPPED: ("red", ":material/error:", "Stopped"),
    JobState.SENDING: ("blue", ":material/send:", "Sending"),
    JobState.UNCONFIRMED: ("orange", ":material/help:", "Unconfirmed"),
    JobState.RUNNING: ("blue", ":material/sync:", "Running"),
    JobState.CANCELLING: ("orange", ":material/cancel:", "Cancelling"),
    JobState.SUCCEEDED: ("green", ":material/check_circle:", "Done"),
    JobState.FAILED: ("red", ":material/error:", "Failed"),
    JobState.CANCELLED: ("gray", ":material/cancel:", "Cancelled"),
    JobState.UNREADABLE: ("red", ":material/broken_image:", "Unreadable"),
}
ELSEWHERE = ("gray", ":material/swap_horiz:", "Elsewhere")
