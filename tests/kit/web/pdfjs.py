"""What pdf.js, Firefox's reader of PDFs, takes for the text of one, in a browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Route

from tests.kit.web.npm import fetched

FOLDER = Path(__file__).parents[2] / "browser" / "pdfjs"
HOST = "http://pdfjs.test/"
_SCRIPT = """async ([host]) => {
  const lib = await import(host + "pdf.min.mjs");
  lib.GlobalWorkerOptions.workerSrc = host + "pdf.worker.min.mjs";
  const pdf = await lib.getDocument({ url: host + "file.pdf" }).promise;
  const texts = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const content = await (await pdf.getPage(number)).getTextContent();
    texts.push(content.items.map((item) => item.str + (item.hasEOL ? "\\n" : "")).join(""));
  }
  return texts;
}"""


def texts_of(page: Page, pdf: bytes) -> list[str]:
    """The text of each page of a PDF.

    Args:
        page: any window; it is led away from where it is.
    """
    build = fetched(FOLDER, "pdfjs-dist/legacy/build/pdf.min.mjs").parent

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(HOST)
        if name == "file.pdf":
            route.fulfill(body=pdf, content_type="application/pdf")
        elif name:
            route.fulfill(
                body=(build / Path(name).name).read_bytes(), content_type="text/javascript"
            )
        else:
            route.fulfill(body="<html></html>", content_type="text/html")

    page.route(f"{HOST}**", answer)
    page.goto(HOST)
    texts: list[str] = page.evaluate(_SCRIPT, [HOST])
    return texts
