"""Where a view's results come from, passed to reports as plain values."""

from __future__ import annotations

import streamlit as st

from core.app.hub import Hub
from core.errors import ContactSheetError
from core.jobs.batch.features import FEATURES
from core.jobs.batch.request import BatchRequest
from core.jobs.ledger.records import Job, Operation
from core.jobs.service.connection import ENGINE_ON_CLOUD, Connection
from core.results.export.provenance import CostShare, Method, ModelUsed, OperationUsed
from core.results.tables.tables import Tables
from core.ui.components import times, url_state
from core.ui.components.links import address_of
from core.ui.costs.savings import kept_answers

NOT_A_JOB = (
    "Not known: these are shards in a bucket, not a job of this dashboard. What was asked, and of "
    "whom, does not stand in them."
)
GOOGLE = "Google Cloud Vision"
LOCAL = "The embedded local engine"


def of_view(hub: Hub, what: url_state.Subject, tables: Tables) -> Method:
    """The method of the URL's job or prefix."""
    job = _job(hub)
    if job is None:
        shown = "" if not tables.others else f" ({_runs(tables)})"
        return Method(what.title, f"{what.prefix}{shown}", _url(), cost_note=NOT_A_JOB)
    connection = hub.connection()
    # Models and prices are those of today's connection: of another backend nothing is known.
    same = connection.id == job.backend
    cost, due, note = _cost(hub, job, same)
    return Method(
        title=job.title,
        source=what.prefix,
        url=_url(),
        asked=tuple(_asked(job, kept_answers(hub, job.id))),
        models=_models(connection, job) if same else (),
        cost=cost,
        due=due,
        cost_note=note,
        operations=tuple(_operation(operation) for operation in job.operations),
        live=what.live,
    )


def _runs(tables: Tables) -> str:
    """Which of several runs the report is about."""
    left, count = len(tables.others), len(tables.runs)
    written = times.written(max(run.written for run in tables.runs))
    return f"{count} run{'s' * (count != 1)}, last written {written}; {left} more not in it"


def _job(hub: Hub) -> Job | None:
    job_id = st.query_params.get("job", "")
    if not job_id or st.query_params.get("prefix"):
        return None
    try:
        return hub.jobs.get(job_id)
    except ContactSheetError:
        return None


def _url() -> str:
    """The address of the same view on Explore; "" if the browser's is not known."""
    return address_of("explore", url_state.params(), shown="report")


def _backend(backend: str) -> str:
    if backend.startswith("google"):
        return f"{GOOGLE} ({backend})"
    return f"{LOCAL}, on Cloud Storage" if backend.startswith(ENGINE_ON_CLOUD) else LOCAL


def _asked(job: Job, other_models: str) -> list[tuple[str, str]]:
    rows = [
        ("Backend", _backend(job.backend)),
        ("Submitted", times.moment(job.created_at)),
    ]
    rows.append(("Ended", _ended(job)))
    failed = f", {job.progress.failed:,} pictures failed" if job.progress.failed else ""
    rows.append(("Job", f"{job.id}, {job.state.value.lower()}{failed}"))
    if job.source:
        rows.append(("Pictures from", job.source))
    done, todo = job.progress.pictures_done, job.progress.pictures
    by = f" ({other_models})" if other_models else ""
    reused = f", {job.reused:,} of them by earlier jobs{by}" if job.reused else ""
    rows.append(("Answered", f"{done:,} of {todo:,} pictures{reused}"))
    if job.arriving:
        rows.append(("Not seen yet", f"results of {job.arriving:,} pictures"))
    request = job.request
    if request is None:
        return [*rows, ("Asked", "not known: the operation was taken up by its name")]
    rows.append(("Features", ", ".join(FEATURES[name].title for name in request.features)))
    if request.max_results is not None:
        rows.append(("Results a feature", f"at most {request.max_results}"))
    if request.language_hints:
        rows.append(("Language hints", ", ".join(request.language_hints)))
    if request.aspect_ratios:
        rows.append(("Aspect ratios", ", ".join(f"{ratio:g}" for ratio in request.aspect_ratios)))
    return [*rows, *_options(request)]


def _ended(job: Job) -> str:
    if not job.final:
        return "still running"
    ends = [o.ended_at for o in job.operations if o.ended_at is not None]
    if not ends:  # all was answered before
        return "not known" if job.operations else "at once: nothing was sent"
    return times.moment(max(ends))


def _options(request: BatchRequest) -> list[tuple[str, str]]:
    rows = [("Pictures a shard", f"{request.batch_size}")]
    if request.model:
        rows.append(("Model asked for", request.model))
    if request.text_confidence:
        rows.append(("Confidence of words", "asked for"))
    if request.legacy_layout:
        rows.append(("Layout of text", "by rules (legacy_layout)"))
    if request.web_geo:
        rows.append(("Place of web pictures", "the picture's own was used (include_geo_results)"))
    if request.longest:
        rows.append(("Uploads", f"made smaller to {request.longest:,} pixels on the longer side"))
    return rows


def _models(connection: Connection, job: Job) -> tuple[ModelUsed, ...]:
    if job.request is None:
        return ()
    capabilities = [(name, connection.capabilities.get(name)) for name in job.request.features]
    return tuple(
        ModelUsed(
            FEATURES[name].title, support.does, support.limits, support.model, support.licence
        )
        for name, support in capabilities
        if support is not None
    )


def _cost(hub: Hub, job: Job, same: bool) -> tuple[tuple[CostShare, ...], float | None, str]:
    """Lines, what is charged, and where the prices come from."""
    if job.request is None:
        return (), None, "Not known: what was asked is not known."
    if not same:
        return (), None, "Not known: the job belongs to another backend than today's."
    try:
        prices = hub.prices()
    except ContactSheetError as error:
        return (), None, f"Not known: {error}"
    # Every picture that was sent counts, those of retries and those that failed included.
    pages = sum(o.pictures for o in job.operations if o.paged)
    pictures = sum(o.pictures for o in job.operations) - pages
    asked = job.request
    cost = prices.cost(asked.features, pictures, file_features=asked.file_features, pages=pages)
    lines = tuple(
        CostShare(FEATURES[line.feature].title, line.units, line.usd, line.why_free)
        for line in cost.lines
    )
    whose = "" if cost.charged else "This backend charges nothing; the sums are Google's. "
    note = (
        f"{whose}Estimate by the price list of {cost.dated} ({cost.source}). The first "
        f"{prices.free_units:,} units of each feature a month are taken as free; what else was "
        "used that month is not known."
    )
    return lines, cost.due, note


def _operation(operation: Operation) -> OperationUsed:
    return OperationUsed(
        name=operation.name,
        prefix=operation.prefix,
        state=operation.state.value.lower(),
        pictures=operation.pictures,
        pictures_done=operation.pictures_done,
        shards=operation.shards_done,
        errors=operation.errors,
        note=operation.error,
    )
