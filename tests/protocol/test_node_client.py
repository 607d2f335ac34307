"""Google's Node client, over gRPC and over REST, against the engine."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.engine.api_versions import VERSIONS
from tests.kit.pictures.documents import coloured, frames
from tests.kit.results.file_requests import file_shards, sizes, stored
from tests.kit.services.engine_process import BUCKET, ROOT, EngineProcess, picture, shards, upload

SOURCES = ROOT / "tests" / "node"
INSTALLED = ROOT / "build" / "node"  # kept between runs
INSTALL_S = 240
LABELS = [{"type": "LABEL_DETECTION"}]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """A folder with the client, installed by npm once for each state of the lock file."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: the Node client cannot be tried")
    lock = SOURCES / "package-lock.json"
    stamp = INSTALLED / f"installed-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not stamp.exists():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, INSTALLED)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=INSTALLED,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
        assert done.returncode == 0, f"npm could not install the client: {done.stderr[-2000:]}"
        stamp.touch()
    return INSTALLED


class NodeClient:
    """One transport of the client."""

    def __init__(self, engine: EngineProcess, folder: Path, transport: str) -> None:
        facts = engine.facts()
        self.engine = engine
        self.transport = transport
        self._folder = folder
        self._address = {
            "grpc": facts["vision_address"],
            "rest": facts["rest_address"].removeprefix("http://"),
        }[transport]

    def __call__(self, action: str, given: Any, version: str = "v1") -> dict[str, Any]:
        """What ``client.js`` prints."""
        command = ["node", str(SOURCES / "client.js"), self.transport, self._address]
        command += [action, version]
        done = subprocess.run(
            command,
            input=json.dumps(given),
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        reply: dict[str, Any] = json.loads(done.stdout)
        return reply

    def out(self, name: str) -> str:
        """A prefix."""
        return f"gs://{BUCKET}/out/node-{self.transport}/{name}/"


@pytest.fixture(params=["grpc", "rest"])
def node(engine: EngineProcess, node_modules: Path, request: Any) -> NodeClient:
    return NodeClient(engine, node_modules, request.param)


def base64_of(data: bytes) -> str:
    """As JSON carries it."""
    return base64.b64encode(data).decode()


def pictures_request(uris: list[str], prefix: str) -> dict[str, Any]:
    """An offline batch, as a user of that client writes it."""
    return {
        "requests": [{"image": {"source": {"imageUri": uri}}, "features": LABELS} for uri in uris],
        "outputConfig": {"gcsDestination": {"uri": prefix}, "batchSize": 2},
    }


def test_one_picture_by_the_helper(node: NodeClient) -> None:
    result = node("labels", {"content": base64_of(picture(33, 22))})["result"]
    (label,) = result["labelAnnotations"]
    assert (label["description"], label["score"]) == ("33x22", 0.5)


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_the_betas(node: NodeClient, version: str) -> None:
    result = node("labels", {"content": base64_of(picture(34, 22))}, version)["result"]
    assert result["labelAnnotations"][0]["description"] == "34x22"


@pytest.mark.parametrize("version", ["v1", "v1p4beta1"])
def test_pages_as_googles_sample_asks_for_them(node: NodeClient, version: str) -> None:
    """The first two and the last page of a file that has one; every entry is read."""
    data = base64_of(frames("TIFF", coloured(1, 50, 40)))
    config = {"content": data, "mimeType": "image/tiff"}
    request = {"requests": [{"inputConfig": config, "features": LABELS, "pages": [1, 2, -1]}]}
    (response,) = node("files", request, version)["result"]["responses"]
    labels = [page["labelAnnotations"][0]["description"] for page in response["responses"]]
    assert labels == ["50x40", "50x40"]


@pytest.mark.parametrize("version", ["v1p2beta1", "v1p3beta1", "v1p4beta1"])
def test_a_file_offline_by_a_beta(node: NodeClient, version: str) -> None:
    if node.transport == "rest":
        pytest.skip("over REST that client's betas know no path for names like projects/...")
    uri = stored(node.engine, f"files/node-{version}.tif", frames("TIFF", coloured(2, 60, 40)))
    one = {
        "inputConfig": {"gcsSource": {"uri": uri}, "mimeType": "image/tiff"},
        "features": LABELS,
        "outputConfig": {"gcsDestination": {"uri": node.out(version)}},
    }
    result = node("asyncFiles", {"requests": [one]}, version)["result"]
    assert result["state"] in (3, "DONE")
    assert result["response"]["responses"][0]["outputConfig"]["gcsDestination"]["uri"] == (
        node.out(version)
    )


def test_the_lines_of_the_documentation(engine: EngineProcess, node_modules: Path) -> None:
    """Beside Google's storage client, which brings an auth library of its own."""
    text = (ROOT / "docs" / "protocol.md").read_text()
    lines = text.partition("```js\n")[2].partition("```")[0]
    given = json.dumps({"image": {"content": base64_of(picture(9, 8))}, "features": LABELS})
    lines += f"client.annotateImage({given}).then(([told]) => console.log(JSON.stringify(told)));"
    port = engine.facts()["rest_address"].rpartition(":")[2]
    done = subprocess.run(
        ["node", "-"],
        input=f"require('@google-cloud/storage');\n{lines.replace('PORT', port)}",
        cwd=node_modules,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labelAnnotations"][0]["description"] == "9x8"


def test_a_bad_picture_is_an_entry(node: NodeClient) -> None:
    result = node(
        "images",
        {"requests": [{"image": {"content": base64_of(b"no picture")}, "features": LABELS}]},
    )["result"]
    assert result["responses"][0]["error"]["message"] == "Bad image data."


def test_a_refusal_keeps_its_code_and_words(node: NodeClient) -> None:
    # Over REST that client tells the HTTP status: its fetch throws before it reads the body.
    invalid, unimplemented = {"grpc": (3, 12), "rest": (400, 501)}[node.transport]
    error = node("images", {"requests": []})["error"]
    assert error["code"] == invalid
    assert "Request must specify image and features." in error["message"]
    logo = [{"type": "LOGO_DETECTION"}]
    request = {"requests": [{"image": {"content": base64_of(picture())}, "features": logo}]}
    assert node("images", request)["error"]["code"] == unimplemented


def test_an_offline_batch_to_its_end_and_again_by_name(node: NodeClient) -> None:
    uris = upload(node.engine, f"node-{node.transport}", [picture(20 + n, 9) for n in range(3)])
    result = node("asyncImages", pictures_request(uris, node.out("images")))["result"]
    assert result["name"].startswith("projects/local/operations/")
    assert result["done"]
    assert result["again"]
    assert result["state"] == 3  # DONE
    for response in (result["response"], result["againResult"]):
        assert response["outputConfig"]["gcsDestination"]["uri"] == node.out("images")
        assert response["outputConfig"]["batchSize"] == 2
    shards_by_name = shards(node.engine, node.out("images"))
    assert set(shards_by_name) == {"output-1-to-2.json", "output-3-to-3.json"}


def test_pages_of_a_file_at_once(node: NodeClient) -> None:
    data = base64_of(frames("TIFF", coloured(3, 50, 40)))
    config = {"content": data, "mimeType": "image/tiff"}
    request = {"requests": [{"inputConfig": config, "features": LABELS, "pages": [-1, 1]}]}
    (response,) = node("files", request)["result"]["responses"]
    assert response["totalPages"] == 3
    assert [page["context"]["pageNumber"] for page in response["responses"]] == [3, 1]
    labels = [page["labelAnnotations"][0]["description"] for page in response["responses"]]
    assert labels == ["52x40", "50x40"]


def test_a_file_offline(node: NodeClient) -> None:
    uri = stored(node.engine, "files/node.tif", frames("TIFF", coloured(3, 60, 40)))
    request = {
        "requests": [
            {
                "inputConfig": {"gcsSource": {"uri": uri}, "mimeType": "image/tiff"},
                "features": LABELS,
                "outputConfig": {"gcsDestination": {"uri": node.out("file")}, "batchSize": 5},
            }
        ]
    }
    result = node("asyncFiles", request)["result"]
    (answer,) = result["response"]["responses"]
    assert answer["outputConfig"]["gcsDestination"]["uri"] == node.out("file")
    (shard,) = file_shards(node.engine, node.out("file")).values()
    assert sizes(shard.responses) == ["60x40", "61x40", "62x40"]


def test_cancel(node: NodeClient) -> None:
    if node.transport == "rest":
        pytest.skip("that client knows no path for cancel over REST; test_rest.py cancels there")
    (uri,) = upload(node.engine, "node-cancel", [picture()])
    result = node("cancel", pictures_request([uri] * 2000, node.out("cancel")))["result"]
    assert result["code"] == 1
    assert "cancelled" in result["message"]
