"""A web page in the user's own browser gets nothing from the local Cloud Storage, and puts nothing in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright

from core.buckets import Buckets
from core.engine.emulator import Emulator
from scripts.browser import launch

pytestmark = pytest.mark.browser

# What a page may try; "sent" says only that the browser let the request go.
SCRIPT = """async ([base, upload, outside]) => {
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
  await attempt('blind rewrite', () => post(bucket + '/o/kept/rewriteTo/b/bkt/o/blind', '') && 'sent');
  await attempt('blind compose', () => post(bucket + '/o/blind/compose',
    JSON.stringify({sourceObjects: [{name: 'kept'}]})) && 'sent');
  await attempt('blind batch', () => post(base + '/batch/storage/v1', new Blob([
    '--x\\r\\nContent-Type: application/http\\r\\n\\r\\nDELETE /storage/v1/b/bkt/o/kept\\r\\n\\r\\n--x--'
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
