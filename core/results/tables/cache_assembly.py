"""Parts to tables: the shards that are wanted, in their order, one answer a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import BadShard, ResultsError
from core.results.shards.runs import Run
from core.results.shards.shard_files import ShardFile
from core.results.tables.arrow import having_rows, whole
from core.results.tables.joining import (
    SOURCES,
    TABLES,
    Responses,
    feature_of,
    join,
    new_ids,
    picture_numbers,
    repeated_runs,
    shared_pictures,
    sources_of,
)
from core.results.tables.picture_names import original_pages, with_names
from core.results.tables.run_choice import ALL, Listing
from core.results.tables.schemas import SCHEMAS


class AnyPart(Protocol):
    """Some shards' tables, in memory or on disk; ids count from 0 within the part."""

    @property
    def shards(self) -> tuple[ShardFile, ...]:
        """Those that it was made of."""

    @property
    def rows(self) -> int:
        """How many pictures it has: ids go from 0 to one less."""

    @property
    def bad(self) -> frozenset[str]:
        """Addresses of its shards that could not be used."""

    def table(self, name: str) -> pa.Table:
        """One table of ``schemas.SCHEMAS``."""

    def owners(self, name: str) -> pa.Table:
        """Its column of pictures alone."""


Taken = Sequence[tuple[AnyPart, frozenset[ShardFile]]]  # parts, and which of their shards count


@dataclass(frozen=True, slots=True)
class Tables:
    """Results of a prefix.

    Attributes:
        by_name: one Arrow table for each name of ``schemas.SCHEMAS``, each there even without rows.
        shards: those that the tables are of.
        faults: shards that could not be used, or not wholly; the rest is in the tables.
        runs: what is shown, the newest last; empty for attempts of one job of ours.
        others: runs under the prefix that are not shown, the newest first.
        gone: the run that was asked for is not there; the newest is shown.
        neighbours: prefixes that only begin like this one; nothing of them is shown.
        shared: pictures that several of the shown runs have answered.
        sources: ``joining.SOURCES``.
    """

    by_name: dict[str, pa.Table]
    shards: tuple[ShardFile, ...] = ()
    faults: tuple[ResultsError, ...] = ()
    runs: tuple[Run, ...] = ()
    others: tuple[Run, ...] = ()
    gone: bool = False
    neighbours: tuple[str, ...] = ()
    shared: int = 0
    sources: pa.Table = field(default_factory=SOURCES.empty_table)

    def __getitem__(self, name: str) -> pa.Table:
        return self.by_name[name]

    @property
    def pictures(self) -> int:
        """How many pictures there are, failed ones included."""
        return int(self.by_name["pictures"].num_rows)

    def fingerprint(self) -> str:
        """Letters and digits that stand for these pictures in this order, and for their shards."""
        said = hashlib.sha256(repr(self.shards).encode(errors="surrogatepass"))
        for column in ("picture", "number", "entry"):
            said.update(self.by_name["pictures"].column(column).to_numpy().tobytes())
        said.update(repr(self.sources.to_pylist()).encode(errors="surrogatepass"))
        return said.hexdigest()


@dataclass(slots=True)
class _Plan:
    """Which response each row of the tables is taken from.

    Attributes:
        ids: for each table and response of the parts the picture's id or -1; None for all as it is.
    """

    ids: Mapping[str, Any] | None = None
    replaced: frozenset[int] = frozenset()
    masked: Mapping[int, int] = field(default_factory=dict)
    shared: int = 0
    sources: pa.Table = field(default_factory=SOURCES.empty_table)


def assemble(parts: Taken, listing: Listing, faults: Iterable[ResultsError]) -> Tables:
    """One answer a picture, by the rule of ``joining``; pictures keep their first place.

    Raises:
        OSError, pa.ArrowException: a part's file has gone or changed.
    """
    place = {file: n for n, file in enumerate(listing.shards)}
    pictures = joined([part for part, _ in parts], "pictures")
    places = np.concatenate(
        [np.empty(0, np.int64), *(_places(part, taken, place) for part, taken in parts)]
    )
    pictures = original_pages(_addressed(pictures, listing), listing.choice.cuts)
    pictures, mine = listing.references.applied(pictures)
    plan = _plan(parts, listing, pictures, np.where(mine, places, -1))
    by_name = {}
    for name in SCHEMAS:
        table = pictures if name == "pictures" else joined([part for part, _ in parts], name)
        by_name[name] = table if plan.ids is None else whole(renumbered(table, plan.ids[name]))
    shown = [age for age in range(len(listing.runs)) if age not in plan.replaced]
    good = {file for part, taken in parts for file in taken if file.uri not in part.bad}
    order = {file.uri: n for file, n in place.items()}
    all_faults = [*faults, *_masked_faults(plan, listing)]
    by_name = listing.references.completed(by_name)
    by_name["pictures"] = with_names(by_name["pictures"], listing.choice.called)
    return Tables(
        by_name,
        tuple(f for f in listing.shards if f in good and listing.ages[f] not in plan.replaced),
        tuple(sorted(all_faults, key=lambda fault: order.get(fault.where, -1))),
        tuple(listing.runs[age] for age in shown),
        tuple(
            sorted(
                (*listing.others, *(listing.runs[age] for age in plan.replaced)),
                key=lambda run: run.age,
                reverse=True,
            )
        ),
        listing.gone,
        listing.neighbours,
        plan.shared,
        plan.sources,
    )


def joined(parts: Sequence[AnyPart], name: str) -> pa.Table:
    """One table of several parts, with ids going on from part to part."""
    pieces, first = [], 0
    for part in parts:
        table = part.table(name)
        if len(table):
            ids = pc.add(table["picture"], pa.scalar(first, pa.int32()))
            pieces.append(table.set_column(0, "picture", ids) if first else table)
        first += part.rows
    return whole(pa.concat_tables(pieces or [SCHEMAS[name].empty_table()]))


def renumbered(table: pa.Table, ids: Any) -> pa.Table:
    """A table with other ids and in their order; rows whose id becomes -1 are left out."""
    new = ids[table["picture"].to_numpy()]
    order = np.argsort(new, kind="stable")
    order = order[np.searchsorted(new[order], 0) :]
    return table.take(pa.array(order)).set_column(0, "picture", pa.array(new[order]))


def _places(part: AnyPart, taken: frozenset[ShardFile], place: Mapping[ShardFile, int]) -> Any:
    """For each picture of a part its shard's place in the listing; -1 if it is not to be taken."""
    column = part.table("pictures")["shard"]
    if not len(column):
        return np.empty(0, np.int64)
    known = {file.uri: place[file] for file in taken}
    uris = pa.concat_arrays(column.chunks)
    by_code = [known.get(uri, -1) for uri in uris.dictionary.to_pylist()]
    return np.array(by_code, np.int64)[uris.indices.to_numpy()]


def _addressed(pictures: pa.Table, listing: Listing) -> pa.Table:
    """The table ``pictures`` with addresses where shards have none and the request's are known."""
    names = listing.choice.names
    rows = np.flatnonzero(pc.equal(pictures["uri"], "").to_numpy()).tolist() if names else []
    if not rows or names is None:
        return pictures
    uris = pictures["uri"].to_pylist()
    some = pictures.select(["shard", "number"]).take(pa.array(rows)).to_pylist()
    folders = {shard: ShardFile(shard, 0, 0).folder for shard in {one["shard"] for one in some}}
    known = {folder: names(folder) for folder in set(folders.values())}
    for row, one in zip(rows, some, strict=True):
        uris[row] = next(iter(known[folders[one["shard"]]][one["number"] - 1 : one["number"]]), "")
    at = pictures.schema.get_field_index("uri")
    return pictures.set_column(at, "uri", pa.array(uris, pa.string()))


def _plan(parts: Taken, listing: Listing, pictures: pa.Table, places: Any) -> _Plan:
    """Decide for responses with the places of their shards, -1 for those that do not count."""
    rows = np.flatnonzero(places >= 0)
    in_order = bool((np.diff(places[rows]) >= 0).all())
    if not in_order:
        rows = rows[np.argsort(places[rows], kind="stable")]
    as_it_is = in_order and len(rows) == len(places)
    taken = pictures if as_it_is else pictures.take(pa.array(rows))
    numbers = picture_numbers(taken)
    if numbers is None:
        ids = np.full(len(places), -1, np.int32)
        ids[rows] = np.arange(len(rows), dtype=np.int32)
        return _Plan(None if as_it_is else dict.fromkeys(SCHEMAS, ids))
    ages = np.array([listing.ages[file] for file in listing.shards], np.int64)[places[rows]]
    having = {
        name: _having([part for part, _ in parts], tables)[rows] for name, tables in TABLES.items()
    }
    number = taken["number"].to_numpy().astype(np.int64)
    good = taken["error_code"].to_numpy() == 0
    return _joined_plan(
        Responses(numbers, ages, number, good, having), listing, taken, rows, places
    )


def _joined_plan(
    every: Responses, listing: Listing, taken: pa.Table, rows: Any, places: Any
) -> _Plan:
    attempts = listing.choice.attempts
    replaced = set() if attempts or listing.choice.run == ALL else repeated_runs(every)
    left = np.flatnonzero(~np.isin(every.run, list(replaced)))
    responses = every.of(left)
    joined = join(responses, same_request=attempts)

    def ids(owner: Any) -> Any:
        return new_ids(np.where(owner >= 0, rows[left][owner], -1), len(places))

    by_feature = {name: ids(owner) for name, owner in joined.owners.items()}
    return _Plan(
        {
            name: ids(joined.best) if name == "pictures" else by_feature[feature_of(name)]
            for name in SCHEMAS
        },
        frozenset(replaced),
        joined.masked,
        0 if attempts else shared_pictures(responses),
        sources_of(joined, responses, taken.take(pa.array(left))),
    )


def _having(parts: Sequence[AnyPart], tables: Sequence[str]) -> Any:
    """Which responses have a row in any of some tables (total,)."""
    masks = [
        np.logical_or.reduce([having_rows(part.owners(name), part.rows) for name in tables])
        for part in parts
    ]
    return np.concatenate([np.empty(0, bool), *masks])


def _masked_faults(plan: _Plan, listing: Listing) -> list[ResultsError]:
    return [
        BadShard(
            f"{count:,} picture{'s' * (count != 1)} failed here and {_has(count)} answers of other "
            "requests, which are shown",
            where=listing.runs[age].folder,
            then="Choose this run alone to see what failed, or send those pictures again.",
        )
        for age, count in plan.masked.items()
        if listing.runs
    ]


def _has(count: int) -> str:
    return "has" if count == 1 else "have"
