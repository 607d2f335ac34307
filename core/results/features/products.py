"""PRODUCT_SEARCH: products of a catalogue of one's own.

No batch of ours asks for it; results from elsewhere may hold it.
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from core.results.features.feature import CODE, POLYGON, REAL, Counted, Feature, Table
from core.results.messages import Message, Poly


class Product(Message):
    """What the service says of a product of a product set."""

    name: str = ""
    display_name: str = ""
    product_category: str = ""


class ProductResult(Message):
    """ProductSearchResults.Result."""

    product: Product | None = None
    score: float = 0.0
    image: str = ""


class ProductGroup(Message):
    """ProductSearchResults.GroupedResult: the products found in one region."""

    bounding_poly: Poly | None = None
    results: list[ProductResult] = []


class Products(Message):
    """ProductSearchResults."""

    results: list[ProductResult] = []
    product_grouped_results: list[ProductGroup] = []


class ProductRow(NamedTuple):
    """A product; ``region`` is 0 for the whole picture, else the number of its group."""

    product: Product
    score: float
    region: int = 0
    bounding_poly: Poly | None = None

    @property
    def title(self) -> str:
        """What it is called."""
        return self.product.display_name or self.product.name


def _rows(search: Products) -> list[ProductRow]:
    rows = [ProductRow(result.product or _NO_PRODUCT, result.score) for result in search.results]
    for number, group in enumerate(search.product_grouped_results, 1):
        region = min(number, 32_767)
        rows += [
            ProductRow(result.product or _NO_PRODUCT, result.score, region, group.bounding_poly)
            for result in group.results
        ]
    return rows


_NO_PRODUCT = Product()

FEATURE = Feature(
    "products",
    fields=("product_search_results",),
    tables={
        "products": Table(
            {
                "product": (CODE, "title"),
                "score": (REAL, "score"),
                "name": (pa.string(), "product.name"),
                "category": (CODE, "product.product_category"),
                "region": (pa.int16(), "region"),
                **POLYGON,
            },
            rows=_rows,
        )
    },
    counted={"products": Counted("products", "product", "score")},
)
