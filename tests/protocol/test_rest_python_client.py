"""Google's Python client with ``transport="rest"`` against the engine."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import vision

from tests.kit.pictures.documents import coloured, frames
from tests.kit.results.file_requests import (
    TIFF,
    asked,
    file_shards,
    inline,
    offline,
    sizes,
    source,
    stored,
)
from tests.kit.services.engine_process import (
    BUCKET,
    LABELS,
    EngineProcess,
    batch,
    image,
    picture,
    shards,
    upload,
)


@pytest.fixture
def client(engine: EngineProcess) -> vision.ImageAnnotatorClient:
    """As its documentation says, but for the address."""
    return vision.ImageAnnotatorClient(
        transport="rest",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": engine.facts()["rest_address"]},
    )


def test_pictures_at_once(client: vision.ImageAnnotatorClient) -> None:
    request = vision.AnnotateImageRequest(
        image=vision.Image(content=picture(23, 17)), features=[LABELS]
    )
    answer = client.batch_annotate_images(requests=[request], retry=None, timeout=30)
    assert answer.responses[0].label_annotations[0].description == "23x17"


def test_the_helper_of_one_feature(client: vision.ImageAnnotatorClient) -> None:
    answer = client.label_detection(
        image=vision.Image(content=picture(24, 17)), retry=None, timeout=30
    )
    assert answer.label_annotations[0].description == "24x17"


def test_a_batch_to_its_end(engine: EngineProcess, client: vision.ImageAnnotatorClient) -> None:
    uris = upload(engine, "rest-python", [picture(25, 17)] * 3)
    prefix = f"gs://{BUCKET}/out/rest-python/"
    sent = client.async_batch_annotate_images(
        request=batch((image(uri) for uri in uris), prefix), retry=None, timeout=30
    )
    assert sent.result(timeout=30).output_config.gcs_destination.uri == prefix
    assert sent.metadata.state is vision.OperationMetadata.State.DONE
    assert list(shards(engine, prefix)) == ["output-1-to-3.json"]
    again = client.get_operation(request={"name": sent.operation.name}, timeout=10)
    assert again.done


def test_pages_at_once(client: vision.ImageAnnotatorClient) -> None:
    data = inline(frames("TIFF", coloured(3, 51, 40)), TIFF)
    answer = client.batch_annotate_files(requests=[asked(data, [-1])], retry=None, timeout=30)
    assert answer.responses[0].total_pages == 3
    assert sizes(answer.responses[0].responses) == ["53x40"]


def test_a_file_to_its_end(engine: EngineProcess, client: vision.ImageAnnotatorClient) -> None:
    uri = stored(engine, "files/rest-python.tif", frames("TIFF", coloured(2, 52, 40)))
    prefix = f"gs://{BUCKET}/out/rest-python-files/"
    sent = client.async_batch_annotate_files(
        requests=[offline(source(uri, TIFF), prefix)], retry=None, timeout=30
    )
    (answer,) = sent.result(timeout=30).responses
    assert answer.output_config.gcs_destination.uri == prefix
    assert list(file_shards(engine, prefix)) == ["output-1-to-2.json"]


def test_errors_arrive_as_that_clients_own(client: vision.ImageAnnotatorClient) -> None:
    with pytest.raises(exceptions.BadRequest, match="Request must specify image and features"):
        client.batch_annotate_images(requests=[], retry=None, timeout=10)
    with pytest.raises(exceptions.NotFound, match="Operation not found"):
        client.get_operation(request={"name": "projects/p/operations/none"}, timeout=10)
    with pytest.raises(exceptions.Forbidden, match="Error opening file"):
        client.async_batch_annotate_files(
            requests=[offline(source("gs://no-such-bucket/a.pdf"), f"gs://{BUCKET}/o/")],
            retry=None,
            timeout=10,
        )
