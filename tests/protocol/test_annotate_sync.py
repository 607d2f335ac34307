"""BatchAnnotateImages over real gRPC: answers, limits, every bad picture."""

from __future__ import annotations

import io

import grpc
import numpy as np
import pytest
from google.api_core import exceptions
from google.cloud import vision
from PIL import Image

from tests.kit.services.engine_process import (
    BUCKET,
    CROP_HINTS,
    LABELS,
    PRODUCT_SEARCH,
    EngineProcess,
    image,
    picture,
)
from tests.kit.services.fake_kit import COLOURS


def inline(
    data: bytes, features: tuple[vision.Feature, ...] = (LABELS,)
) -> vision.AnnotateImageRequest:
    """A request that carries its picture."""
    return vision.AnnotateImageRequest(image=vision.Image(content=data), features=features)


def annotate(
    engine: EngineProcess, *requests: vision.AnnotateImageRequest, parent: str = ""
) -> list[vision.AnnotateImageResponse]:
    """The responses."""
    request = vision.BatchAnnotateImagesRequest(requests=requests, parent=parent)
    answer = engine.client().batch_annotate_images(request=request, retry=None, timeout=60)
    return list(answer.responses)


def test_sixteen_pictures_in_order(engine: EngineProcess) -> None:
    responses = annotate(engine, *(inline(picture(10 + n, 5)) for n in range(16)))
    labels = [response.label_annotations[0].description for response in responses]
    assert labels == [f"{10 + n}x5" for n in range(16)]


def test_seventeen_are_too_many(engine: EngineProcess) -> None:
    with pytest.raises(exceptions.InvalidArgument) as caught:
        annotate(engine, *(inline(picture()) for _ in range(17)))
    assert caught.value.message == "Too many images per request"


@pytest.mark.parametrize(
    "request_",
    [
        vision.AnnotateImageRequest(features=[LABELS]),
        vision.AnnotateImageRequest(image=vision.Image(content=b"x")),
        vision.AnnotateImageRequest(image=vision.Image(source=vision.ImageSource())),
    ],
)
def test_without_image_or_features(
    engine: EngineProcess, request_: vision.AnnotateImageRequest
) -> None:
    with pytest.raises(exceptions.InvalidArgument) as caught:
        annotate(engine, inline(picture()), request_)
    assert caught.value.message == "Request must specify image and features."


def test_without_any_request(engine: EngineProcess) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        annotate(engine)


def test_over_ten_megabytes_together(engine: EngineProcess) -> None:
    with pytest.raises(exceptions.InvalidArgument) as caught:
        annotate(engine, inline(b"\0" * 6_000_000), inline(b"\0" * 6_000_000))
    assert caught.value.message == "Request payload size exceeds the limit: 10485760 bytes."


def test_a_feature_that_this_engine_lacks_is_refused_before_any_work(
    engine: EngineProcess,
) -> None:
    logo = vision.Feature(type_=vision.Feature.Type.LOGO_DETECTION)
    with pytest.raises(exceptions.MethodNotImplemented, match="LOGO_DETECTION"):
        annotate(engine, inline(picture(), (LABELS, logo)))


@pytest.mark.parametrize("features", [(PRODUCT_SEARCH, LABELS), (LABELS, PRODUCT_SEARCH)])
def test_product_search_costs_only_its_own_part(
    engine: EngineProcess, features: tuple[vision.Feature, ...]
) -> None:
    request = inline(picture(11, 5), features)
    request.image_context.product_search_params.product_set = "projects/p/locations/l/productSets/s"
    first, second = annotate(engine, request, inline(picture(12, 5)))
    assert first.label_annotations[0].description == "11x5"
    assert "product_search_results" not in first
    assert first.error.code == 12
    assert first.error.message == "PRODUCT_SEARCH is not answered by the local engine. A fake."
    assert second.label_annotations[0].description == "12x5"
    assert not second.error.code


def test_a_picture_of_a_batch_that_asks_for_product_search_alone(engine: EngineProcess) -> None:
    first, second = annotate(engine, inline(picture(), (PRODUCT_SEARCH,)), inline(picture(12, 5)))
    assert (first.error.code, second.error.code) == (12, 0)
    assert second.label_annotations


def test_product_search_alone_is_refused(engine: EngineProcess) -> None:
    with pytest.raises(exceptions.MethodNotImplemented, match="PRODUCT_SEARCH is not answered"):
        annotate(engine, inline(picture(), (PRODUCT_SEARCH,)))


def test_a_feature_whose_model_is_missing_says_the_cure(engine: EngineProcess) -> None:
    properties = vision.Feature(type_=vision.Feature.Type.IMAGE_PROPERTIES)
    with pytest.raises(exceptions.MethodNotImplemented, match=r"There is no such model.*Fetch it"):
        annotate(engine, inline(picture(), (properties,)))
    assert not engine.facts()["capabilities"]["IMAGE_PROPERTIES"]["supported"]


@pytest.mark.parametrize("number", [0, 4242])
def test_features_that_nobody_knows(engine: EngineProcess, number: int) -> None:
    raw = vision.AnnotateImageRequest.pb(inline(picture()))
    raw.features[0].type_ = number
    with pytest.raises(exceptions.InvalidArgument):
        annotate(engine, vision.AnnotateImageRequest.wrap(raw))


@pytest.mark.parametrize("parent", ["projects/p", "projects/p/locations/eu"])
def test_known_parents(engine: EngineProcess, parent: str) -> None:
    assert annotate(engine, inline(picture()), parent=parent)[0].label_annotations


@pytest.mark.parametrize("parent", ["p", "projects/p/locations/mars", "projects/a b", "../.."])
def test_unknown_parents(engine: EngineProcess, parent: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        annotate(engine, inline(picture()), parent=parent)


def test_one_bad_picture_spoils_no_other(engine: EngineProcess) -> None:
    good = picture(9, 9)
    responses = annotate(engine, inline(good), inline(b"not a picture"), inline(good))
    assert [response.error.code for response in responses] == [0, 3, 0]
    assert responses[1].error.message == "Bad image data."
    assert responses[2].label_annotations[0].description == "9x9"


def test_an_annotators_own_fault_costs_only_its_feature(engine: EngineProcess) -> None:
    data = picture(colour=COLOURS["raise"])
    (response,) = annotate(engine, inline(data, (LABELS, CROP_HINTS)))
    assert (response.error.code, response.error.message) == (13, "Internal error.")
    assert len(response.crop_hints_annotation.crop_hints) == 1


def test_content_goes_before_source(engine: EngineProcess) -> None:
    both = vision.Image(
        content=picture(7, 7), source=vision.ImageSource(image_uri="gs://none/none")
    )
    (response,) = annotate(engine, vision.AnnotateImageRequest(image=both, features=[LABELS]))
    assert response.label_annotations[0].description == "7x7"


def test_from_the_bucket_by_either_field(engine: EngineProcess) -> None:
    uri = f"gs://{BUCKET}/sync/one.png"
    engine.buckets().write(uri, picture(31, 17))
    old = vision.ImageSource(gcs_image_uri=uri)
    for request in (
        image(uri),
        vision.AnnotateImageRequest(image=vision.Image(source=old), features=[LABELS]),
    ):
        (response,) = annotate(engine, request)
        assert response.label_annotations[0].description == "31x17"


def test_boxes_of_an_exif_rotated_file_are_in_its_own_grid(engine: EngineProcess) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new("RGB", (400, 200)).save(file, "JPEG", exif=exif)
    (response,) = annotate(engine, inline(file.getvalue(), (LABELS, CROP_HINTS)))
    assert response.label_annotations[0].description == "200x400"  # what annotators see
    vertices = response.crop_hints_annotation.crop_hints[0].bounding_poly.vertices
    # Upright: 100 wide, 100 high, upper left. Stored: lower left.
    assert [(v.x, v.y) for v in vertices] == [(0, 200), (0, 100), (100, 100), (100, 200)]


def test_noise_of_many_megapixels(engine: EngineProcess) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    (response,) = annotate(engine, inline(file.getvalue()))
    assert response.label_annotations[0].description == "2000x1500"


def test_junk_instead_of_a_request(engine: EngineProcess) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = engine.channel().unary_unary(
        "/google.cloud.vision.v1.ImageAnnotator/BatchAnnotateImages"
    )
    with pytest.raises(grpc.RpcError):
        call(b"\xff\xff\xff\xff", timeout=10)
    assert annotate(engine, inline(picture(3, 3)))[0].label_annotations
