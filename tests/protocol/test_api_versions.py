"""The betas that official clients still ship, by those clients, over gRPC and REST."""

from __future__ import annotations

import importlib
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials

from core.engine.api_versions import VERSIONS
from tests.kit.pictures.documents import coloured, frames
from tests.kit.results.file_requests import file_shards, stored
from tests.kit.services.engine_process import BUCKET, EngineProcess, picture, upload, wait
from tests.kit.services.rest_client import Rest, inline, offline

WITH_FILES_OFFLINE = ["v1", "v1p2beta1", "v1p3beta1", "v1p4beta1"]
WITH_ALL = ["v1", "v1p4beta1"]
WITH_PRODUCTS = ["v1", "v1p3beta1", "v1p4beta1"]
LABELS = [{"type_": 4}]
TWO_PAGES = frames("TIFF", coloured(2, 60, 40))


class Client:
    """One version's client over one transport."""

    def __init__(self, engine: EngineProcess, version: str, transport: str) -> None:
        self.engine = engine
        self.version = version
        self.transport = transport
        self.module: Any = importlib.import_module(f"google.cloud.vision_{version}")
        self.client = self.made(self.module.ImageAnnotatorClient)

    def made(self, kind: Any) -> Any:
        """A client of that version, as its documentation says, but for the address."""
        if self.transport == "rest":
            return kind(
                transport="rest",
                credentials=AnonymousCredentials(),
                client_options={"api_endpoint": self.engine.facts()["rest_address"]},
            )
        transport = kind.get_transport_class("grpc")
        return kind(transport=transport(channel=self.engine.channel()))

    def out(self, name: str) -> str:
        """A prefix."""
        return f"gs://{BUCKET}/out/{self.version}/{self.transport}/{name}/"


@pytest.fixture(params=["grpc", "rest"])
def transport(request: Any) -> str:
    return str(request.param)


@pytest.mark.parametrize("version", VERSIONS)
def test_pictures_at_once(engine: EngineProcess, version: str, transport: str) -> None:
    beta = Client(engine, version, transport)
    request = {"image": {"content": picture(21, 12)}, "features": [*LABELS, {"type_": 9}]}
    answer = beta.client.batch_annotate_images(requests=[request])
    assert type(answer) is beta.module.BatchAnnotateImagesResponse
    (response,) = answer.responses
    assert response.label_annotations[0].description == "21x12"
    vertices = response.crop_hints_annotation.crop_hints[0].bounding_poly.vertices
    assert [(v.x, v.y) for v in vertices] == [(0, 0), (10, 0), (10, 3), (0, 3)]


@pytest.mark.parametrize("version", VERSIONS)
def test_bad_pictures_and_refusals(engine: EngineProcess, version: str, transport: str) -> None:
    client = Client(engine, version, transport).client
    bad = {"image": {"content": b"x"}, "features": LABELS}
    (response,) = client.batch_annotate_images(requests=[bad]).responses
    assert (response.error.code, response.error.message) == (3, "Bad image data.")
    with pytest.raises(
        exceptions.InvalidArgument if transport == "grpc" else exceptions.BadRequest
    ):
        client.batch_annotate_images(requests=[])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_helpers(engine: EngineProcess, version: str, transport: str) -> None:
    beta = Client(engine, version, transport)
    given = beta.module.Image(content=picture(22, 12))
    assert beta.client.label_detection(image=given).label_annotations[0].description == "22x12"


@pytest.mark.parametrize("version", WITH_ALL)
def test_pages_at_once(engine: EngineProcess, version: str, transport: str) -> None:
    beta = Client(engine, version, transport)
    config = {"content": TWO_PAGES, "mime_type": "image/tiff"}
    one = {"input_config": config, "features": LABELS, "pages": [1, 2, -1, 9]}
    (answer,) = beta.client.batch_annotate_files(requests=[one]).responses
    assert type(answer) is beta.module.AnnotateFileResponse
    assert [page.context.page_number for page in answer.responses] == [1, 2, 2]


@pytest.mark.parametrize("version", WITH_ALL)
def test_pictures_offline(engine: EngineProcess, version: str, transport: str) -> None:
    beta = Client(engine, version, transport)
    (uri,) = upload(engine, f"{version}-{transport}", [picture()])
    sent = beta.client.async_batch_annotate_images(
        requests=[{"image": {"source": {"image_uri": uri}}, "features": LABELS}],
        output_config={"gcs_destination": {"uri": beta.out("pictures")}},
    )
    response = sent.result(timeout=60)
    assert type(response) is beta.module.AsyncBatchAnnotateImagesResponse
    assert response.output_config.gcs_destination.uri == beta.out("pictures")
    assert type(sent.metadata) is beta.module.OperationMetadata
    assert sent.metadata.state.name == "DONE"


@pytest.mark.parametrize("version", WITH_FILES_OFFLINE)
def test_files_offline(engine: EngineProcess, version: str, transport: str) -> None:
    beta = Client(engine, version, transport)
    uri = stored(engine, f"files/{version}-{transport}.tif", TWO_PAGES)
    config = {"gcs_source": {"uri": uri}, "mime_type": "image/tiff"}
    output = {"gcs_destination": {"uri": beta.out("files")}, "batch_size": 1}
    sent = beta.client.async_batch_annotate_files(
        requests=[{"input_config": config, "features": LABELS, "output_config": output}]
    )
    response = sent.result(timeout=60)
    assert type(response) is beta.module.AsyncBatchAnnotateFilesResponse
    assert response.responses[0].output_config.gcs_destination.uri == beta.out("files")
    assert type(sent.metadata) is beta.module.OperationMetadata
    operation = wait(engine, sent.operation.name)
    for packed in (operation.metadata, operation.response):
        assert packed.type_url.startswith(f"type.googleapis.com/google.cloud.vision.{version}.")
    shards = file_shards(engine, beta.out("files"))
    assert sorted(shards) == ["output-1-to-1.json", "output-2-to-2.json"]


def test_operations_keep_their_version_over_a_restart(own_engine: EngineProcess) -> None:
    beta = Client(own_engine.start("--workers", "1"), "v1p4beta1", "grpc")
    (uri,) = upload(own_engine, "in", [picture()])
    sent = beta.client.async_batch_annotate_images(
        requests=[{"image": {"source": {"image_uri": uri}}, "features": LABELS}],
        output_config={"gcs_destination": {"uri": beta.out("restart")}},
    )
    sent.result(timeout=60)
    own_engine.stop()
    own_engine.start("--workers", "1")
    rest = Rest(own_engine)
    operation = rest.ok("GET", sent.operation.name)  # before anything of that version is loaded
    assert operation["metadata"]["@type"].endswith(
        "google.cloud.vision.v1p4beta1.OperationMetadata"
    )
    assert operation["metadata"]["state"] == "DONE"
    rest.session.close()


@pytest.mark.parametrize(
    ("version", "method"),
    [
        ("v1p1beta1", "BatchAnnotateFiles"),
        ("v1p1beta1", "AsyncBatchAnnotateFiles"),
        ("v1p2beta1", "BatchAnnotateFiles"),
        ("v1p3beta1", "AsyncBatchAnnotateImages"),
        ("v1p4beta1", "AnnotateEverything"),
        ("v1", "AnnotateEverything"),
    ],
)
def test_methods_that_a_version_does_not_have(
    engine: EngineProcess, version: str, method: str
) -> None:
    call: Any = engine.channel().unary_unary(
        f"/google.cloud.vision.{version}.ImageAnnotator/{method}"
    )
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert f"google.cloud.vision.{version}.ImageAnnotator has no method {method}" in (
        caught.value.details() or ""
    )


def test_the_same_over_rest(rest: Rest) -> None:
    base = rest.base.removesuffix("v1/")
    rest.base = base + "v1p1beta1/"
    refusal = rest.refusal("POST", "files:annotate", json={})
    assert refusal[:2] == (501, "UNIMPLEMENTED")
    rest.base = base
    for path in ("v2/images:annotate", "v1p5beta1/images:annotate", "v1p4beta1"):
        assert rest.refusal("POST", path, json={})[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_rest_as_anybody_speaks_it(rest: Rest, version: str) -> None:
    rest.base = rest.base.replace("/v1/", f"/{version}/")
    for parent in ("", "projects/p/", "projects/p/locations/eu/"):
        body = rest.post(f"{parent}images:annotate", inline(picture(23, 12)))
        assert body["responses"][0]["labelAnnotations"][0]["description"] == "23x12"
    mask = {"fields": "responses.nonsense"}
    assert rest.call("POST", "images:annotate", params=mask, json={}).status_code == 400
    localized = inline(picture(), [{"type": "OBJECT_LOCALIZATION"}])
    refusal = rest.refusal("POST", "images:annotate", json=localized)
    if version in ("v1p1beta1", "v1p2beta1"):  # they do not have that feature
        assert refusal[0] == 400
        assert f"google.cloud.vision.{version}.Feature.Type" in refusal[2]
    else:  # the fake engine has no model for it
        assert refusal[0] == 501


def test_operations_under_a_betas_own_path(rest: Rest) -> None:
    (uri,) = upload(rest.engine, "beta-rest", [picture()])
    rest.base = rest.base.replace("/v1/", "/v1p4beta1/")
    request = offline([uri], f"gs://{BUCKET}/out/beta-rest/")
    name = rest.post("projects/beta/locations/eu/images:asyncBatchAnnotate", request)["name"]
    assert name.startswith("projects/beta/locations/eu/operations/")
    wait(rest.engine, name)
    assert rest.ok("GET", name)["done"]
    listed = rest.ok("GET", "projects/beta/locations/eu/operations", params={"filter": "done"})
    assert [operation["name"] for operation in listed["operations"]] == [name]
    assert rest.ok("DELETE", name) == {}


def test_a_feature_that_a_beta_does_not_have(engine: EngineProcess) -> None:
    client = Client(engine, "v1p1beta1", "grpc").client
    request = {"image": {"content": picture()}, "features": [{"type_": 19}]}
    with pytest.raises(exceptions.InvalidArgument, match="Invalid feature type: 19"):
        client.batch_annotate_images(requests=[request])


def test_celebrities_are_not_recognised_and_that_is_said(
    engine: EngineProcess, transport: str
) -> None:
    """Only v1p4beta1 asks for them."""
    client = Client(engine, "v1p4beta1", transport).client
    parameters = {"face_recognition_params": {"celebrity_set": ["builtin/default"]}}
    one = {"image": {"content": picture(24, 12)}, "features": LABELS}
    asking, plain = client.batch_annotate_images(
        requests=[{**one, "image_context": parameters}, one]
    ).responses
    assert asking.label_annotations[0].description == "24x12"
    assert asking.error.code == 12
    assert asking.error.message.startswith("face_recognition_params is not answered")
    assert not plain.error.code


@pytest.mark.parametrize("version", WITH_PRODUCTS)
def test_product_search_is_not_here_in_words(
    engine: EngineProcess, version: str, transport: str
) -> None:
    beta = Client(engine, version, transport)
    client = beta.made(beta.module.ProductSearchClient)
    parent = "projects/p/locations/us-west1"
    calls: list[Any] = [
        lambda: client.list_products(parent=parent),
        lambda: client.create_product_set(parent=parent, product_set={"display_name": "x"}),
        lambda: client.get_product(name=f"{parent}/products/x"),
        lambda: client.import_product_sets(parent=parent, input_config={}),
        lambda: client.list_reference_images(parent=f"{parent}/products/x"),
    ]
    for call in calls:
        with pytest.raises(exceptions.MethodNotImplemented, match="ProductSearch is not answered"):
            call()
