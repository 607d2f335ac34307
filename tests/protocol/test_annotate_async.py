"""AsyncBatchAnnotateImages over real gRPC and the real emulator: shards, limits, bad pictures."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from google.api_core import exceptions, operation
from google.cloud import vision
from google.protobuf import json_format
from PIL import Image

from tests.kit.services.engine_process import (
    BUCKET,
    LABELS,
    EngineProcess,
    batch,
    image,
    picture,
    shards,
    state,
    submit,
    upload,
    wait,
)
from tests.kit.services.fake_kit import COLOURS

State = vision.OperationMetadata.State


def encoded(made: Image.Image, kind: str, **options: object) -> bytes:
    """A picture file."""
    file = io.BytesIO()
    made.save(file, kind, **options)
    return file.getvalue()


def noise(width: int, height: int) -> Image.Image:
    """Does not compress."""
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_shards_in_order_with_the_services_names(engine: EngineProcess) -> None:
    uris = upload(engine, "order", [picture(10 + n, 5) for n in range(45)])
    prefix = f"gs://{BUCKET}/out/order/"
    name = submit(engine, batch((image(uri) for uri in uris), prefix))
    done = wait(engine, name)
    assert state(done) is State.DONE
    response = vision.AsyncBatchAnnotateImagesResponse.pb()()
    assert done.response.Unpack(response)
    assert response.output_config.gcs_destination.uri == prefix
    assert response.output_config.batch_size == 20  # the default
    shards_by_name = shards(engine, prefix)
    assert set(shards_by_name) == {
        "output-1-to-20.json",
        "output-21-to-40.json",
        "output-41-to-45.json",
    }
    for name_, first in (("output-1-to-20.json", 0), ("output-41-to-45.json", 40)):
        for position, answer in enumerate(shards_by_name[name_].responses, first):
            assert answer.context.uri == uris[position]
            assert answer.label_annotations[0].description == f"{10 + position}x5"


def test_shards_are_the_protobuf_json_of_the_official_samples(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "json", [picture()])
    prefix = f"gs://{BUCKET}/out/json/"
    wait(engine, submit(engine, batch([image(uri)], prefix)))
    text = engine.buckets().read(prefix + "output-1-to-1.json").decode()
    assert set(json.loads(text)["responses"][0]) == {"labelAnnotations", "context"}
    parsed = vision.BatchAnnotateImagesResponse.from_json(text)
    again = json_format.MessageToJson(vision.BatchAnnotateImagesResponse.pb(parsed))
    assert json.loads(again) == json.loads(text)
    info = engine.buckets().info(prefix + "output-1-to-1.json")
    assert info.content_type == "application/json"


def test_the_operation_of_googles_client_works_unchanged(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "client", [picture()])
    client = engine.client()
    sent = client.async_batch_annotate_images(
        request=batch([image(uri)], f"gs://{BUCKET}/out/client/"), retry=None, timeout=30
    )
    assert sent.result(timeout=30).output_config.batch_size == 20
    assert sent.metadata.state is State.DONE
    # Again by its name alone, as after a restart of the dashboard.
    operations = client.transport.operations_client
    again = operation.from_gapic(
        operations.get_operation(sent.operation.name),
        operations,
        vision.AsyncBatchAnnotateImagesResponse,
        metadata_type=vision.OperationMetadata,
    )
    assert again.done()
    assert again.result(timeout=5) == sent.result()


def test_every_bad_picture_is_an_entry_and_the_rest_is_annotated(engine: EngineProcess) -> None:
    jpeg = encoded(noise(300, 200), "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 8
    frames = [Image.new("RGB", (21, 12), colour) for colour in ("red", "navy")]
    deep = Image.fromarray(np.full((12, 22), 40_000, dtype=np.uint16))
    stored: list[tuple[str, bytes, int, str]] = [
        ("good.png", picture(20, 12), 0, "20x12"),
        ("zero bytes.png", b"", 3, "Bad image data."),
        ("truncated.jpg", jpeg[: len(jpeg) // 2], 0, "300x200"),  # as far as it goes
        ("header alone.jpg", jpeg[:300], 3, "Bad image data."),
        ("not an image.png", b"<html></html>", 3, "Bad image data."),
        ("huge.bin", b"\0" * 20_971_521, 3, "Image size exceeds the limit of 20971520 bytes."),
        (
            "wide.png",
            encoded(Image.new("1", (10_000, 7_501)), "PNG"),
            3,
            "Image too large. Please limit to 75 megapixels.",
        ),
        ("cmyk.jpg", encoded(Image.new("CMYK", (23, 12)), "JPEG"), 0, "23x12"),
        ("sixteen.png", encoded(deep, "PNG"), 0, "22x12"),
        (
            "moving.gif",
            encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
            0,
            "21x12",
        ),
        ("some.webp", encoded(Image.new("RGB", (24, 12)), "WEBP"), 0, "24x12"),
        ("turned.jpg", encoded(Image.new("RGB", (25, 12)), "JPEG", exif=exif), 0, "12x25"),
        ("a#b.png", picture(26, 12), 0, "26x12"),
        ("a?b=c&d.png", picture(27, 12), 0, "27x12"),
        ("two  words.png", picture(28, 12), 0, "28x12"),
        ("漢字 ñandú 🙂.png", picture(29, 12), 0, "29x12"),
        ("per%20cent%2F.png", picture(30, 12), 0, "30x12"),
        ("dots..inside.png", picture(31, 12), 0, "31x12"),
    ]
    buckets = engine.buckets()
    base = f"gs://{BUCKET}/bad/"
    for name, data, _, _ in stored:
        buckets.write(base + name, data)
    expected = [(base + name, code, text) for name, _, code, text in stored]
    for uri, code, text in [
        (base + "missing.png", 5, "Error opening file: {}."),
        ("gs://no-such-bucket/one.png", 7, "Error opening file: {}."),
        (base + "../escape.png", 3, "Invalid GCS path specified: {}"),
        ("gs://" + BUCKET, 3, "Invalid GCS path specified: {}"),
        ("gs://", 3, "Invalid GCS path specified: {}"),
        ("file:///etc/passwd", 3, "Invalid GCS path specified: {}"),
        ("/etc/passwd", 3, "Invalid GCS path specified: {}"),
        (
            "https://example.com/a.png",
            14,
            "We can not access the URL currently. Please download the content and pass it in.",
        ),
    ]:
        expected.append((uri, code, text.format(uri)))
    prefix = f"gs://{BUCKET}/out/bad/"
    done = wait(
        engine,
        submit(engine, batch((image(uri) for uri, _, _ in expected), prefix, batch_size=100)),
    )
    assert not done.HasField("error")  # the operation itself succeeds
    (answers,) = shards(engine, prefix).values()
    outcomes = [
        (
            answer.context.uri,
            answer.error.code,
            answer.error.message if answer.error.code else answer.label_annotations[0].description,
        )
        for answer in answers.responses
    ]
    assert outcomes == expected


def test_an_object_name_with_dots_never_leaves_the_storages_folder(engine: EngineProcess) -> None:
    secret = engine.home / "engine" / "storage" / "objects" / "secret.png"
    secret.write_bytes(picture(99, 99))
    prefix = f"gs://{BUCKET}/out/dots/"
    names = ["../secret.png", "a/../../secret.png", "./../secret.png", "..%2fsecret.png"]
    uris = [f"gs://{BUCKET}/{name}" for name in names]
    wait(engine, submit(engine, batch((image(uri) for uri in uris), prefix)))
    (answers,) = shards(engine, prefix).values()
    assert [answer.error.code for answer in answers.responses] == [3, 3, 3, 5]
    with pytest.raises(exceptions.InvalidArgument, match="Invalid GCS path"):
        submit(engine, batch([image(uris[0])], f"gs://{BUCKET}/../../../out/"))
    secret.unlink()


def test_two_thousand_are_taken_and_2001_are_not(engine: EngineProcess) -> None:
    uris = upload(engine, "many", [picture()])
    requests = [image(uris[0])] * 2001
    with pytest.raises(exceptions.InvalidArgument) as caught:
        submit(engine, batch(requests, f"gs://{BUCKET}/out/many/", 100))
    assert caught.value.message == "Too many images per request"
    done = wait(engine, submit(engine, batch(requests[:2000], f"gs://{BUCKET}/out/many/", 100)))
    assert state(done) is State.DONE
    shards_by_name = shards(engine, f"gs://{BUCKET}/out/many/")
    assert set(shards_by_name) == {f"output-{n}-to-{n + 99}.json" for n in range(1, 2000, 100)}
    assert sum(len(shard.responses) for shard in shards_by_name.values()) == 2000


@pytest.mark.parametrize("batch_size", [101, -1, 2_000_000_000])
def test_batch_sizes_out_of_range(engine: EngineProcess, batch_size: int) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="batch_size"):
        submit(engine, batch([image("gs://b/o")], f"gs://{BUCKET}/out/size/", batch_size))


@pytest.mark.parametrize(("batch_size", "count"), [(0, 1), (1, 3), (2, 2), (100, 1)])
def test_batch_sizes_in_range(engine: EngineProcess, batch_size: int, count: int) -> None:
    uris = upload(engine, f"size{batch_size}", [picture()] * 3)
    prefix = f"gs://{BUCKET}/out/size{batch_size}/"
    wait(engine, submit(engine, batch((image(uri) for uri in uris), prefix, batch_size)))
    assert len(shards(engine, prefix)) == count


@pytest.mark.parametrize(
    "prefix", ["", "out/", "gs://", "gs:///a", "http://b/out/", "gs://b/../out/"]
)
def test_destinations_that_cannot_be(engine: EngineProcess, prefix: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        submit(engine, batch([image("gs://b/o")], prefix))


def test_inline_pictures_are_for_the_other_call(engine: EngineProcess) -> None:
    request = vision.AnnotateImageRequest(image=vision.Image(content=picture()), features=[LABELS])
    with pytest.raises(exceptions.InvalidArgument, match="Cloud Storage"):
        submit(engine, batch([request], f"gs://{BUCKET}/out/inline/"))


def test_no_place_for_results_ends_the_operation_before_the_work(engine: EngineProcess) -> None:
    uris = upload(engine, "nowhere", [picture(71, 3)] * 60)
    prefix = "gs://no-such-bucket/out/"
    done = wait(engine, submit(engine, batch((image(uri) for uri in uris), prefix)))
    assert done.error.code == 7
    assert done.error.message == f"Error writing final output to: {prefix}."
    assert sum(line.startswith("71x3") for line in engine.annotated()) < 60


@pytest.mark.parametrize("folder", ["/out/", "out//", "white \t/", " "])
def test_a_prefix_is_taken_as_it_is(engine: EngineProcess, folder: str) -> None:
    (uri,) = upload(engine, "as-it-is ", [picture()])
    prefix = f"gs://{BUCKET}/as it is/{folder}"
    wait(engine, submit(engine, batch([image(uri)], prefix)))
    uris = [info.uri for info in engine.buckets().list_objects(prefix)]
    assert uris == [f"{prefix}output-1-to-1.json"]
    (answers,) = shards(engine, prefix).values()
    assert answers.responses[0].context.uri == uri
    assert answers.responses[0].error.code == 0


def test_a_prefix_without_a_slash_is_plain_concatenation(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "plain", [picture()])
    wait(engine, submit(engine, batch([image(uri)], f"gs://{BUCKET}/out/plain-")))
    assert list(shards(engine, f"gs://{BUCKET}/out/plain-")) == ["output-1-to-1.json"]


def test_an_existing_shard_is_replaced(engine: EngineProcess) -> None:
    uris = upload(engine, "again", [picture(11, 11), picture(12, 12)])
    prefix = f"gs://{BUCKET}/out/again/"
    for uri in uris:
        wait(engine, submit(engine, batch([image(uri)], prefix)))
    (answers,) = shards(engine, prefix).values()
    assert answers.responses[0].label_annotations[0].description == "12x12"


def test_the_same_picture_twice_is_answered_twice(engine: EngineProcess) -> None:
    (uri,) = upload(engine, "twice", [picture()])
    prefix = f"gs://{BUCKET}/out/twice/"
    wait(engine, submit(engine, batch([image(uri)] * 3, prefix)))
    (answers,) = shards(engine, prefix).values()
    assert [answer.context.uri for answer in answers.responses] == [uri] * 3


def test_a_picture_that_kills_its_worker_is_given_up_after_a_second_try(
    engine: EngineProcess,
) -> None:
    pictures = [picture(80 + n, 4) for n in range(8)]
    pictures[3] = picture(83, 4, COLOURS["kill"])
    uris = upload(engine, "killer", pictures)
    prefix = f"gs://{BUCKET}/out/killer/"
    done = wait(engine, submit(engine, batch((image(uri) for uri in uris), prefix)))
    assert state(done) is State.DONE
    (answers,) = shards(engine, prefix).values()
    assert [answer.error.code for answer in answers.responses] == [0, 0, 0, 13, 0, 0, 0, 0]
    assert answers.responses[3].error.message == "Internal error."
    assert answers.responses[3].context.uri == uris[3]
    assert [answer.label_annotations[0].description for answer in answers.responses[4:]] == [
        f"{84 + n}x4" for n in range(4)
    ]


def test_a_worker_that_dies_once_costs_nothing(engine: EngineProcess) -> None:
    pictures = [picture(40, 4)] * 3 + [picture(41, 4, COLOURS["kill once"])] + [picture(40, 4)] * 3
    uris = upload(engine, "once", pictures)
    prefix = f"gs://{BUCKET}/out/once/"
    wait(engine, submit(engine, batch((image(uri) for uri in uris), prefix)))
    (answers,) = shards(engine, prefix).values()
    assert [answer.error.code for answer in answers.responses] == [0] * 7
