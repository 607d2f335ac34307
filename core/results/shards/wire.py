"""The shape of a result shard, as far as tables need it.

These structs mirror ``google.cloud.vision.v1.AnnotateImageResponse`` in protobuf's JSON form:
camelCase names, defaults left out. What is not declared here (symbols, mids, topicality) is skipped
by the decoder without making an object, which is where the speed comes from. ``gc=False``: the
structs hold no cycles.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class Message(msgspec.Struct, rename="camel", gc=False):
    """Base of all structs: protobuf's JSON names, unknown fields ignored."""


class Status(Message):
    """google.rpc.Status."""

    code: Int32 = 0
    message: str = ""


class Context(Message):
    """ImageAnnotationContext: which image, and which page of a file."""

    uri: str = ""
    page_number: Int32 = 0


class Vertex(Message):
    """A corner, in pixels or (in ``normalizedVertices``) in 0..1."""

    x: float = 0.0
    y: float = 0.0


class Poly(Message):
    """BoundingPoly."""

    vertices: list[Vertex] = []
    normalized_vertices: list[Vertex] = []


class LatLng(Message):
    """google.type.LatLng, in degrees."""

    latitude: float = 0.0
    longitude: float = 0.0


class Location(Message):
    """LocationInfo."""

    lat_lng: LatLng | None = None


class Label(Message):
    """EntityAnnotation of LABEL_DETECTION, which has no polygon."""

    description: str = ""
    score: float = 0.0


class Entity(Message):
    """EntityAnnotation of LOGO_ and LANDMARK_DETECTION."""

    description: str = ""
    score: float = 0.0
    bounding_poly: Poly | None = None
    locations: list[Location] = []


class TextPart(Message):
    """EntityAnnotation of TEXT_DETECTION: the whole text first, then each word."""

    description: str = ""
    locale: str = ""
    bounding_poly: Poly | None = None


class LocalizedObject(Message):
    """LocalizedObjectAnnotation."""

    name: str = ""
    score: float = 0.0
    bounding_poly: Poly | None = None


class Face(Message):
    """FaceAnnotation; angles in degrees. Its landmarks are read only when one picture is shown."""

    bounding_poly: Poly | None = None
    roll_angle: float = 0.0
    pan_angle: float = 0.0
    tilt_angle: float = 0.0
    detection_confidence: float = 0.0
    landmarking_confidence: float = 0.0
    joy_likelihood: int | str = 0
    sorrow_likelihood: int | str = 0
    anger_likelihood: int | str = 0
    surprise_likelihood: int | str = 0
    under_exposed_likelihood: int | str = 0
    blurred_likelihood: int | str = 0
    headwear_likelihood: int | str = 0


class DetectedLanguage(Message):
    """TextAnnotation.DetectedLanguage, a BCP-47 code."""

    language_code: str = ""
    confidence: float = 0.0


class TextProperty(Message):
    """TextAnnotation.TextProperty."""

    detected_languages: list[DetectedLanguage] = []


class Page(Message):
    """One page of text; its blocks stay undecoded until someone needs words from them."""

    property: TextProperty | None = None
    blocks: msgspec.Raw = msgspec.Raw(b"[]")


class FullText(Message):
    """TextAnnotation."""

    text: str = ""
    pages: list[Page] = []


class Symbol(Message):
    """One character."""

    text: str = ""


class Word(Message):
    """A word, spelt by its symbols."""

    symbols: list[Symbol] = []
    bounding_box: Poly | None = None


class Paragraph(Message):
    """Words in reading order."""

    words: list[Word] = []


class Block(Message):
    """Paragraphs in reading order."""

    paragraphs: list[Paragraph] = []


class SafeSearch(Message):
    """SafeSearchAnnotation; a missing category is UNKNOWN."""

    adult: int | str = 0
    spoof: int | str = 0
    medical: int | str = 0
    violence: int | str = 0
    racy: int | str = 0


class Color(Message):
    """google.type.Color, in 0..255."""

    red: float = 0.0
    green: float = 0.0
    blue: float = 0.0


class ColorInfo(Message):
    """A dominant colour."""

    color: Color | None = None
    score: float = 0.0
    pixel_fraction: float = 0.0


class DominantColors(Message):
    """DominantColorsAnnotation."""

    colors: list[ColorInfo] = []


class ImageProperties(Message):
    """ImageProperties."""

    dominant_colors: DominantColors | None = None


class CropHint(Message):
    """CropHint."""

    bounding_poly: Poly | None = None
    confidence: float = 0.0
    importance_fraction: float = 0.0


class CropHints(Message):
    """CropHintsAnnotation."""

    crop_hints: list[CropHint] = []


class WebEntity(Message):
    """WebDetection.WebEntity; scores are not limited to 1."""

    description: str = ""
    score: float = 0.0


class WebImage(Message):
    """WebDetection.WebImage."""

    url: str = ""


class WebPage(Message):
    """WebDetection.WebPage."""

    url: str = ""
    page_title: str = ""


class WebLabel(Message):
    """WebDetection.WebLabel."""

    label: str = ""
    language_code: str = ""


class WebDetection(Message):
    """WebDetection."""

    web_entities: list[WebEntity] = []
    full_matching_images: list[WebImage] = []
    partial_matching_images: list[WebImage] = []
    visually_similar_images: list[WebImage] = []
    pages_with_matching_images: list[WebPage] = []
    best_guess_labels: list[WebLabel] = []


class Product(Message):
    """Product."""

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


class Response(Message):
    """AnnotateImageResponse."""

    context: Context | None = None
    error: Status | None = None
    label_annotations: list[Label] = []
    localized_object_annotations: list[LocalizedObject] = []
    face_annotations: list[Face] = []
    landmark_annotations: list[Entity] = []
    logo_annotations: list[Entity] = []
    text_annotations: list[TextPart] = []
    full_text_annotation: FullText | None = None
    safe_search_annotation: SafeSearch | None = None
    image_properties_annotation: ImageProperties | None = None
    crop_hints_annotation: CropHints | None = None
    web_detection: WebDetection | None = None
    product_search_results: Products | None = None


class GcsSource(Message):
    """Where a file came from."""

    uri: str = ""


class InputConfig(Message):
    """InputConfig of a file's shard."""

    gcs_source: GcsSource | None = None


class Shard(Message):
    """BatchAnnotateImagesResponse, or AnnotateFileResponse (which has ``inputConfig``)."""

    responses: list[Response] = []
    input_config: InputConfig | None = None


class BriefResponse(Message):
    """Which image, and whether it failed: all that counting needs."""

    context: Context | None = None
    error: Status | None = None


class BriefShard(Message):
    """A shard without its annotations."""

    responses: list[BriefResponse] = []


class Point3(Message):
    """Position."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


class FaceLandmark(Message):
    """FaceAnnotation.Landmark."""

    type: int | str = 0
    position: Point3 | None = None


class FaceDetail(Message):
    """The part of a FaceAnnotation that tables leave out."""

    landmarks: list[FaceLandmark] = []


class FacesDetail(Message):
    """The part of a response that tables leave out."""

    face_annotations: list[FaceDetail] = []
