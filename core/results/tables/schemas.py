"""The tables that results become, with declared columns even for no rows: those of ``features``.

Narrow on purpose: pictures are int32 ids, names are dictionary codes, likelihoods the enum's
number, colours 0xRRGGBB. The column ``picture`` comes first everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from core.results.features import FEATURES
from core.results.features.feature import CODE, ID

# ``name`` and ``folder``: as ``picture_names`` says; empty until parts are assembled.
# ``number``: the picture's 1-based place in its request; ``entry``: place in its shard.
_PICTURES = {
    "uri": pa.string(),
    "name": pa.string(),
    "folder": CODE,
    "page": ID,
    "error_code": ID,
    "error_message": pa.string(),
    "shard": CODE,
    "number": ID,
    "entry": ID,
}

SCHEMAS: Mapping[str, pa.Schema] = {
    "pictures": pa.schema({"picture": ID, **_PICTURES}),
    **{
        name: pa.schema({"picture": ID, **{n: kind for n, (kind, _) in table.columns.items()}})
        for feature in FEATURES
        for name, table in feature.tables.items()
    },
}
