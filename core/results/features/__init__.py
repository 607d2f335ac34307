"""One module a feature: its part of a response, the tables that it becomes, and what is counted.

Here they stand together: ``Response``, which is what the decoder reads of a picture, and
``FEATURES``, from which tables, joins and counts follow. They never read shards or files.
"""

from __future__ import annotations

from core.results.features import (
    crop_hints,
    faces,
    image_properties,
    labels,
    landmarks,
    logos,
    objects,
    products,
    safe_search,
    text,
    web,
)
from core.results.features.feature import Feature
from core.results.messages import Context, Message, Status

# In the order in which tables are listed and exported.
FEATURES: tuple[Feature, ...] = (
    labels.FEATURE,
    objects.FEATURE,
    faces.FEATURE,
    landmarks.FEATURE,
    logos.FEATURE,
    text.FEATURE,
    safe_search.FEATURE,
    image_properties.FEATURE,
    crop_hints.FEATURE,
    web.FEATURE,
    products.FEATURE,
)


class Response(Message):
    """AnnotateImageResponse: which image, whether it failed, and the features' answers."""

    context: Context | None = None
    error: Status | None = None
    label_annotations: list[labels.Label] = []
    localized_object_annotations: list[objects.LocalizedObject] = []
    face_annotations: list[faces.Face] = []
    landmark_annotations: list[landmarks.Landmark] = []
    logo_annotations: list[logos.Logo] = []
    text_annotations: list[text.TextPart] = []
    full_text_annotation: text.FullText | None = None
    safe_search_annotation: safe_search.SafeSearch | None = None
    image_properties_annotation: image_properties.ImageProperties | None = None
    crop_hints_annotation: crop_hints.CropHints | None = None
    web_detection: web.WebDetection | None = None
    product_search_results: products.Products | None = None
