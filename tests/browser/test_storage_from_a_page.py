"""A web page in the user's browser reads and changes nothing in the local Cloud Storage."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from core.buckets import Buckets
from core.engine.emulator import Emulator
from tests.kit.web.browser import CHROMIUM, FLAGS

pytestmark = pytest.mark.browser

# What a page may try; "sent" says only that the browser let the request go.
SCRIPT = """async ([base, outside]) => {
  const said = {};
  const attempt = async (name, what) => {
    try { said[name] = await what() } catch (error) { said[name] = 'refused' }
  };
  const bucket = base + '/storage/v1/b/bkt';
  const put = base + '/upload/storage/v1/b/bkt/o?uploadType=';
  const post = (url, body) => fetch(url, {method: 'POST', mode: 'no-cors', body});
  await attempt('blind write outside', () => post(put + 'media&name=' + outside, 'x') && 'sent');
  await attempt('blind write', () => post(put + 'media&name=blind', 'x') && 'sent');
  await attempt('blind resumable', () => post(put + 'resumable&name=blind', '{}') && 'sent');
  await attempt('blind copy', () => post(bucket + '/o/kept/copyTo/b/bkt/o/blind', '') && 'sent');
  const to = '/b/bkt/o/blind';
  await attempt('blind rewrite', () => post(bucket + '/o/kept/rewriteTo' + to, '') && 'sent');
  await attempt('blind compose', () => post(bucket + '/o/blind/compose',
    JSON.stringify({sourceObjects: [{name: 'kept'}]})) && 'sent');
  await attempt('blind batch', () => post(base + '/batch/storage/v1', new Blob([
    '--x\\r\\nContent-Type: application/http\\r\\n\\r\\n',
    'DELETE /storage/v1/b/bkt/o/kept\\r\\n\\r\\n--x--',
  ], {type: 'text/plain'})) && 'sent');
  await attempt('buckets', async () => (await fetch(base + '/storage/v1/b')).status);
  await attempt('list', async () => (await fetch(bucket + '/o')).status);
  await attempt('read', async () => await (await fetch(bucket + '/o/kept?alt=media')).text());
  await attempt('write', async () => (await fetch(put + 'media&name=w', {method: 'POST'})).status);
  await attempt('delete', async () => (await fetch(bucket + '/o/kept', {method: 'DELETE'})).status);
  await attempt('picture', () => new Promise((done) => {
    const picture = new Image();
    picture.onload = () => done('seen');
    picture.onerror = () => done('refused');
    picture.src = base + '/bkt/picture';
  }));
  return said;
}"""
READS = ("buckets", "list", "read", "write", "delete", "picture")


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>some web page</h1>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web_page() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1"])
@pytest.mark.parametrize("space", ["local", "public"])
def test_a_page_gets_nothing(
    emulated: tuple[Emulator, Buckets], web_page: int, host: str, space: str, tmp_path: Path
) -> None:
    emulator, buckets = emulated
    buckets.write("gs://bkt/kept", b"private")
    buckets.write("gs://bkt/picture", Path("assets/icon.png").read_bytes(), "image/png")
    before = [(info.uri, info.generation) for info in buckets.list_objects("gs://bkt/")]
    outside = tmp_path / "outside"
    flags = [*FLAGS, "--host-resolver-rules=MAP evil.test 127.0.0.1"]
    if space == "public":
        flags.append(f"--ip-address-space-overrides=127.0.0.1:{web_page}=public")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            page = browser.new_page()
            page.goto(f"http://{host}:{web_page}/")
            up = "..%2F" * 16 + str(outside)[1:].replace("/", "%2F")
            said = page.evaluate(SCRIPT, [emulator.address, up])
            # The same with the page's own name pointing here, as DNS rebinding does.
            port = emulator.address.rpartition(":")[2]
            rebound = page.goto(f"http://evil.test:{port}/bkt/kept")
            assert rebound is not None and rebound.status == 403
        finally:
            browser.close()
    assert {name: said[name] for name in READS} == dict.fromkeys(READS, "refused")
    assert not outside.exists()
    after = [(info.uri, info.generation) for info in buckets.list_objects("gs://bkt/")]
    assert after == before


def test_an_object_that_is_a_page_runs_no_script(emulated: tuple[Emulator, Buckets]) -> None:
    emulator, buckets = emulated
    script = b"<title>before</title><script>document.title = 'ran'</script>"
    buckets.write("gs://bkt/page.html", script, "text/html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_page()
            answer = page.goto(f"{emulator.address}/bkt/page.html")
            assert answer is not None and answer.status == 200
            assert page.title() == "before"
        finally:
            browser.close()
