"""LANDMARK_DETECTION: known places, with coordinates."""

from __future__ import annotations

import pyarrow as pa

from core.results.features.feature import CODE, POLYGON, REAL, Counted, Feature, Table
from core.results.messages import Message, Poly


class LatLng(Message):
    """google.type.LatLng, in degrees."""

    latitude: float = 0.0
    longitude: float = 0.0


class Location(Message):
    """LocationInfo."""

    lat_lng: LatLng | None = None


class Landmark(Message):
    """EntityAnnotation of LANDMARK_DETECTION."""

    description: str = ""
    score: float = 0.0
    bounding_poly: Poly | None = None
    locations: list[Location] = []

    @property
    def latitude(self) -> float | None:
        """In degrees, of the first place; None if it is not said."""
        place = self.locations[0].lat_lng if self.locations else None
        return place.latitude if place else None

    @property
    def longitude(self) -> float | None:
        """As ``latitude``."""
        place = self.locations[0].lat_lng if self.locations else None
        return place.longitude if place else None


FEATURE = Feature(
    "landmarks",
    fields=("landmark_annotations",),
    tables={
        "landmarks": Table(
            {
                "landmark": (CODE, "description"),
                "score": (REAL, "score"),
                "latitude": (pa.float64(), "latitude"),
                "longitude": (pa.float64(), "longitude"),
                **POLYGON,
            }
        )
    },
    counted={"landmarks": Counted("landmarks", "landmark", "score", cut=True)},
)
