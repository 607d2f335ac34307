"""Where results come from, as plain values: the caller, who knows the job, fills them in.

Results do not know jobs, backends or prices. A report and an export carry these values along, so
that a reader can tell what was asked of whom, when, and what it cost.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """What answered for one feature, in plain sentences; "" where it is not known."""

    feature: str
    does: str
    limits: str = ""
    model: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class CostShare:
    """One feature's part of the cost; ``usd`` is by Google's list, or the operator's own."""

    feature: str
    units: int
    usd: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class OperationUsed:
    """One request to the service: its name, where it wrote, and how it ended."""

    name: str
    prefix: str
    state: str
    pictures: int
    pictures_done: int
    shards: int
    errors: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Method:
    """Where results come from. All texts may be hostile.

    Attributes:
        title: of the job, or the prefix.
        source: ``gs://`` prefix of the shards.
        url: the dashboard's address of the same view; "" if not known.
        asked: what was asked, when and of whom, as (name, text) in order.
        models: one a feature that was asked.
        cost: one line a feature; empty if not known.
        due: what the backend charges, in USD; None if not known.
        cost_note: where the prices come from, or why there are none.
        operations: the requests that wrote the shards; empty if not known.
        live: whether more shards may come.
    """

    title: str
    source: str
    url: str = ""
    asked: tuple[tuple[str, str], ...] = ()
    models: tuple[ModelUsed, ...] = ()
    cost: tuple[CostShare, ...] = ()
    due: float | None = None
    cost_note: str = ""
    operations: tuple[OperationUsed, ...] = ()
    live: bool = False
