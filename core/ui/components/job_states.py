"""How the states of a job look, wherever one is named."""

from __future__ import annotations

from core.app.hub import Hub
from core.jobs.ledger.records import Job, JobState

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


def look_of(hub: Hub, job: Job) -> tuple[str, str, str]:
    """Colour, icon and word of a job: its state, and what is unusual about it."""
    if not job.final and hub.elsewhere(job):
        return ELSEWHERE
    color, icon, word = LOOKS[job.state]
    if job.not_found:
        return "orange", ":material/help:", f"{word}, not found at the service"
    if job.arriving:
        return "blue", ":material/sync:", f"{word}, results still arriving"
    failed = job.progress.failed if job.final else 0
    said = f"{word}, {failed:,} {lacking(job)}" if failed else word
    if failed and job.state is JobState.SUCCEEDED:
        return "orange", ":material/warning:", said
    return color, icon, said if job.state is JobState.CANCELLED else word


def lacking(job: Job) -> str:
    """What a job's pictures without a good result are: of one that was cancelled not failed."""
    cancelled = job.state in (JobState.CANCELLED, JobState.CANCELLING)
    return "without a result" if cancelled else "failed"
