"""Names and folders of pictures, folded to be searched: which contain a text, which lie where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.results.columns.text_fold import fold_name
from core.results.tables.arrow import Bools


class PicturePaths:
    """The columns ``uri``, ``name`` and ``folder`` of the table ``pictures``.

    Names are compared as ``text_fold.fold_name`` folds them.
    """

    def __init__(self, pictures: pa.Table) -> None:
        folders = pa.concat_arrays(pictures["folder"].chunks)
        self._folders: list[str] = folders.dictionary.to_pylist()
        self._codes = folders.indices.to_numpy()
        self._keys = np.array([fold_name(folder) for folder in self._folders], object)
        uris = pictures["uri"].to_pylist()
        names = pictures["name"].to_pylist()
        paths = [
            f"{self._folders[code]}/{name}"
            for code, name in zip(self._codes.tolist(), names, strict=True)
        ]
        # An address of ours that the user does not know by sight is searched, too: logs have it.
        self._folded = pa.array(
            [
                fold_name(path if path == uri else f"{path}\n{uri}")
                for path, uri in zip(paths, uris, strict=True)
            ],
            pa.string(),
        )

    def containing(self, part: str) -> Bools:
        """Pictures with a text in the path that the user knows, or in the address (total,)."""
        passing: Bools = pc.match_substring(self._folded, fold_name(part)).to_numpy(
            zero_copy_only=False
        )
        return passing

    def within(self, folders: Sequence[str]) -> Bools:
        """Pictures that lie in any of some folders, not below them (total,)."""
        wanted = np.isin(self._keys, [fold_name(folder) for folder in folders])
        passing: Bools = wanted[self._codes]
        return passing

    def folders(self, mask: Bools | None) -> pd.DataFrame:
        """Columns: folder ("" for none), pictures; most pictures first, then by name."""
        codes = self._codes if mask is None else self._codes[mask]
        counts = np.bincount(codes, minlength=len(self._folders))
        frame = pd.DataFrame({"folder": pd.Series(self._folders, dtype="str"), "pictures": counts})
        frame = frame[frame["pictures"] > 0]
        return frame.sort_values(["pictures", "folder"], ascending=[False, True], ignore_index=True)
