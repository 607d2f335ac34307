"""A map of pictures: those whose vectors are alike lie near to each other.

The vectors are brought to 50 numbers (principal components), which keeps what matters and drops
noise, and then to two by t-SNE (L. van der Maaten and G. Hinton, "Visualizing Data using t-SNE",
JMLR 2008), which keeps neighbours together. Near means alike; how far apart two groups lie, and
how large they are, means nothing. Of many pictures a sample is laid out so, and each of the others
stands at the median of the places of those that it is most like, as openTSNE places new points (P.
Policar et al., "openTSNE: a modular Python library for t-SNE", JSS 2024).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.results.pictures.atomic_write import write_whole
from core.results.query.filters import Filters
from core.results.query.store import Store
from core.results.tables.arrow import rows_of

# Pictures on one map: ``layout`` of so many took 16 s on two cores with little else to do, and 64 s
# of processor time on a busy machine. Reading the vectors of 20,000 takes 2.1 s of it besides.
MOST = 50_000
LAID_OUT = 5_000  # of them by t-SNE, which takes most of the time
NEIGHBOURS = 10  # whose median is the place of one of the others
LEAST = 3
SEED = 0  # the same pictures make the same map
KEPT_MAPS = 200
VERSION = 3  # another when the same vectors are placed otherwise
_COMPONENTS = 50
# Of few pictures scikit-learn's usual rate, at least 50, throws some far away, near-duplicates too.
_FEW, _SLOWLY = 200, 10.0
_PERPLEXITY = 30.0  # about how many neighbours count, scikit-learn's default


class PictureMap(NamedTuple):
    """Where pictures lie.

    Attributes:
        pictures: (n,) ids.
        places: (n, 2), within -1..1.
        without: pictures that were asked for and have no vector.
    """

    pictures: NDArray[np.int64]
    places: NDArray[np.float32]
    without: int


def candidates(store: Store, most: int = MOST) -> pa.Table:
    """Rows of the table ``pictures`` to be put on a map: those without error, at most so many.

    Of more it is a sample in which each has the same chance; the same one each time.
    """
    pictures = store.tables["pictures"]
    good = np.flatnonzero(pc.equal(pictures["error_code"], 0).to_numpy())
    if len(good) > most:
        good = np.sort(np.random.default_rng(SEED).choice(good, most, replace=False))
    return pictures.take(pa.array(good))


def layout(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2) places within -1..1 of (n, length) vectors; the same for the same vectors."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    count = len(vectors)
    if count < LEAST:
        return np.zeros((count, 2), np.float32)
    components = min(_COMPONENTS, count - 1, vectors.shape[1])
    if not np.ptp(vectors, axis=0).any():  # all the same picture
        return np.zeros((count, 2), np.float32)
    some = np.arange(count)
    if count > LAID_OUT:
        some = np.sort(np.random.default_rng(SEED).choice(count, LAID_OUT, replace=False))
    # The sample's components are those of all within a few parts in a hundred.
    reduced = PCA(components, random_state=SEED).fit(vectors[some]).transform(vectors)
    made = TSNE(
        perplexity=min(_PERPLEXITY, (count - 1) / 3),
        init="pca" if components > 1 else "random",
        random_state=SEED,
        learning_rate=_SLOWLY if count < _FEW else "auto",
        n_jobs=1 if count < _FEW else os.cpu_count(),
    ).fit_transform(reduced[some])
    if len(some) < count:
        made = _placed_beside(reduced, some, made)
    middle = (made.max(axis=0) + made.min(axis=0)) / 2
    widest = float(np.ptp(made, axis=0).max()) / 2 or 1.0
    placed: NDArray[np.float32] = ((made - middle) / widest).astype(np.float32)
    return placed


def seconds_of(count: int) -> float:
    """How long ``layout`` takes for so many pictures on two idle cores, as measured."""
    return 1 + 0.003 * min(count, LAID_OUT) + 0.00015 * count


def _placed_beside(
    vectors: NDArray[np.float32], some: NDArray[np.int64], made: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Places (n, 2) of all vectors: of ``some`` as made, of others between those they are like."""
    from sklearn.neighbors import NearestNeighbors

    searched = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute", n_jobs=os.cpu_count())
    near = searched.fit(vectors[some]).kneighbors(vectors, return_distance=False)
    places: NDArray[np.float32] = np.median(made[near], axis=1)
    places[some] = made
    return places


def described(store: Store, made: PictureMap, filters: Filters) -> pd.DataFrame:
    """What the map shows of each picture, in its order.

    Columns: picture, name, page, label (the best; "" for none), hex (the colour with the largest
    part of its pixels; "" for none), x, y, passes (the filters).
    """
    ids = made.pictures.tolist()
    frame: pd.DataFrame = (
        rows_of(store.tables["pictures"], ids).select(["picture", "name", "page"]).to_pandas()
    )
    labels = rows_of(store.tables["labels"], ids).to_pandas()
    best = labels.sort_values("score", ascending=False, kind="stable").drop_duplicates("picture")
    colors = store.palettes(ids).drop_duplicates("picture")
    frame["label"] = _text_of(best, "label", frame)
    frame["hex"] = _text_of(colors, "hex", frame)
    frame[["x", "y"]] = made.places
    mask = store.mask(filters, None)
    frame["passes"] = True if mask is None else mask[ids]
    return frame


def _text_of(rows: pd.DataFrame, column: str, frame: pd.DataFrame) -> pd.Series[str]:
    texts = dict(zip(rows["picture"], rows[column], strict=True))
    said = [texts.get(picture, "") for picture in frame["picture"]]
    return pd.Series(said, index=frame.index, dtype="str")


class MapCache:
    """Maps on disk. Safe to share between threads and processes.

    Args:
        folder: only for this; made when needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, name: str, make: Callable[[], PictureMap]) -> PictureMap:
        """The map kept under a name, or a new one.

        Args:
            name: letters and digits that stand for the pictures and all that their places hang on.
        """
        path = self._folder / f"{name}.npz"
        # Missing or damaged: it is made again.
        with suppress(Exception), np.load(path, allow_pickle=False) as file:
            return PictureMap(file["pictures"], file["places"], int(file["without"]))
        made = make()
        with suppress(OSError):  # a full disk costs the cache, not the map
            self._keep(path, made)
        return made

    def _keep(self, path: Path, made: PictureMap) -> None:
        arrays = {**made._asdict(), "without": np.array(made.without)}
        write_whole(path, lambda file: np.savez(file, **arrays))
        maps = sorted(self._folder.glob("*.npz"), key=lambda one: one.stat().st_mtime)
        for old in maps[:-KEPT_MAPS]:
            old.unlink(missing_ok=True)
