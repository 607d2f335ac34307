"""Untrusted names, texts, labels, addresses and shards; for every test that asks.

``TEXTS`` is a fixed list for tests that cannot run a thousand examples, such as those in a browser.
``texts`` and ``shards`` are hypothesis strategies: fixed list, mixtures of it, and plain noise.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

MARKER = "untrusted_ran"  # what any script of these sets on ``window``
ELSEWHERE = "untrusted.example"  # the host that none of these may reach

_RUN = f"window.{MARKER}=1;alert(1)"
_HTML = (
    f"<script>{_RUN}</script>",
    f"</script><script>{_RUN}</script>",
    f"</title></style></textarea><script>{_RUN}</script>",
    f'<img src=x onerror="{_RUN}">',
    f"<img src=https://{ELSEWHERE}/a.png>",
    f'"><svg onload="{_RUN}">',
    f"' autofocus onfocus='{_RUN}' x='",
    f'<a href="javascript:{_RUN}">press</a>',
    f'<iframe srcdoc="<script>{_RUN}</script>"></iframe>',
    f'<meta http-equiv="refresh" content="0;url=https://{ELSEWHERE}/">',
    f'<link rel="stylesheet" href="//{ELSEWHERE}/a.css">',
    f"<style>@import '//{ELSEWHERE}/b.css';</style>",
    f'<form action="//{ELSEWHERE}"><input name=a></form>',
    f'<base href="//{ELSEWHERE}/">',
    "<!-- ", "<![CDATA[", "]]>", "&lt;script&gt;", "&#60;b&#62;", "<b>bold</b>", "<plaintext>",
    f"javascript:{_RUN}",
    f"data:text/html,<script>{_RUN}</script>",
    "{{7*7}}", "{% raw %}", "${7*7}", "%{customdata}", "%{x}<extra>extra</extra>",
)  # fmt: skip
_MARKDOWN = (
    f"![picture](https://{ELSEWHERE}/c.png)",
    f"[press](javascript:{_RUN})",
    f"[ref]\n\n[ref]: https://{ELSEWHERE}/",
    f"https://{ELSEWHERE}/d", f"www.{ELSEWHERE}", f"me@{ELSEWHERE}", f"<https://{ELSEWHERE}/e>",
    ":red[red]", ":material/face:", ":material_face:", ":streamlit:", ":smile:", ":rainbow[x]",
    ":blue-badge[x]", ":help[x]", ":small[x]{onclick=x}", "$x^2$", "$$\\frac{1}{2}$$",
    f"$\\href{{javascript:{_RUN}}}{{x}}$", "# Heading", "- item", "1. one", "| a | b |\n|---|---|",
    "```\ncode\n```", "`code`", "**bold**", "~~gone~~", "> quoted", "[^1]", "---", "a -> b",
)  # fmt: skip
_FORMULAS = (
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\ufeff=1+1",
    "\u200b=1+1", "\u00a0=1+1", "＝1+1", "＋1", "－1", "＠SUM(A1)", "=cmd|' /C calc'!A0",
    f'=HYPERLINK("https://{ELSEWHERE}/","x")', f'=WEBSERVICE("https://{ELSEWHERE}/")',
    '","=1+1","', '"\r\n=1+1,', "_x003D_1+1", "_x0041_", "'=1+1",
)  # fmt: skip
_UNICODE = (
    "\u202etxet\u202c", "\u2066iso\u2069", "\u200f", "\u0000", "a\u0000b", "\u0007\u001b[31mred",
    "\ufffe\uffff", "\U0001f469\u200d\U0001f4bb", "e" + "\u0301" * 300, "\u2028\u2029", "\x7f\x85",
    "A" * 20_000, "字" * 3_000, " ", "", "\u3000", "ﷺ" * 200, "İıſK", "\U000e0041",
)  # fmt: skip
_PATHS = (
    "../../../../etc/passwd", "/etc/passwd", "..\\..\\windows\\win.ini", "C:\\boot.ini", "C:a.jpg",
    "\\\\host\\share\\a.jpg", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%252f..%252fa", "....//....//a",
    "file:///etc/passwd", "~/.ssh/id_rsa", "a/../b.jpg", "a/./b.jpg", "a//b.jpg", ".", "..", "/",
    "CON", "aux.jpg", "a.jpg\u0000.exe", ".hidden", "-rf", "--help", "$(reboot)", "`reboot`",
    "a;reboot", "a|b", "a\nb", "*", "?", "a.jpg.", "a.jpg ",
)  # fmt: skip
_SQL = ("'; DROP TABLE pictures; --", '"', "'", "\\", "%", "_", "NULL", "nan", "1e400", "-0")

# What a place for a number may be given instead; Python reads no more than 4,300 digits.
ODD_NUMBERS = (
    *("", "0", "-1", "-0", "1.5", "nan", "-inf", "1e400", "0x10", "1_0", "٣", "²", "2147483648"),
    *("9" * 4_300, "9" * 4_301, "-" + "9" * 5_000, "%00", "%ED%A0%80", "0" * 5_000, " 1", "1;2"),
)
TEXTS = (*_HTML, *_MARKDOWN, *_FORMULAS, *_UNICODE, *_PATHS, *_SQL)
FORMULAS, PATHS, MARKUP_TEXTS = _FORMULAS, _PATHS, (*_HTML, *_MARKDOWN)

BOUNDED = settings(
    max_examples=40,
    derandomize=True,  # the same examples in every run: a failure is a change of ours
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Every code point but lone surrogates, which no UTF-8 can carry; those have tests of their own.
_noise = st.text(st.characters(codec="utf-8"), max_size=30)
texts = st.one_of(
    st.sampled_from(TEXTS),
    st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3).map("".join),
    st.builds("{}{}".format, st.sampled_from(TEXTS), _noise),
    _noise,
)
surrogates = st.builds(
    "{}{}{}".format, texts, st.sampled_from(["\ud800", "\udfff", "\udc80"]), texts
)

numbers = st.one_of(
    st.floats(),  # with NaN and the infinities, which json writes as no JSON may
    st.integers(),
    st.sampled_from([0, -0.0, 1e308, -1e308, 2**31, 2**63, 2**64, 10**400, -(10**400), 5e-324]),
)
_likelihoods = st.one_of(st.integers(-3, 9), st.sampled_from(["LIKELY", "VERY_LIKELY"]), texts)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _few(item: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(item, max_size=3)


_vertex = _some(x=numbers, y=numbers)
_poly = _some(vertices=_few(_vertex), normalizedVertices=_few(_vertex))
_entity = _some(
    description=texts,
    score=numbers,
    locale=texts,
    boundingPoly=_poly,
    locations=_few(_some(latLng=_some(latitude=numbers, longitude=numbers))),
)
_web = _some(
    webEntities=_few(_entity),
    fullMatchingImages=_few(_some(url=texts)),
    pagesWithMatchingImages=_few(_some(url=texts, pageTitle=texts)),
    bestGuessLabels=_few(_some(label=texts, languageCode=texts)),
)
_full_text = _some(
    text=texts,
    pages=_few(
        _some(
            property=_some(detectedLanguages=_few(_some(languageCode=texts, confidence=numbers))),
            blocks=_few(
                _some(paragraphs=_few(_some(words=_few(_some(symbols=_few(_some(text=texts)))))))
            ),
        )
    ),
)
responses = _some(
    context=_some(uri=st.one_of(texts, st.builds("gs://b/{}".format, texts)), pageNumber=numbers),
    error=_some(code=st.one_of(st.integers(-3, 20), numbers), message=texts),
    labelAnnotations=_few(_entity),
    localizedObjectAnnotations=_few(_some(name=texts, score=numbers, boundingPoly=_poly)),
    faceAnnotations=_few(_some(boundingPoly=_poly, rollAngle=numbers, joyLikelihood=_likelihoods)),
    logoAnnotations=_few(_entity),
    landmarkAnnotations=_few(_entity),
    textAnnotations=_few(_entity),
    fullTextAnnotation=_full_text,
    safeSearchAnnotation=_some(adult=_likelihoods, racy=_likelihoods),
    imagePropertiesAnnotation=_some(
        dominantColors=_some(
            colors=_few(
                _some(
                    color=_some(red=numbers, green=numbers, blue=numbers),
                    score=numbers,
                    pixelFraction=numbers,
                )
            )
        )
    ),
    cropHintsAnnotation=_some(cropHints=_few(_some(boundingPoly=_poly, confidence=numbers))),
    webDetection=_web,
    productSearchResults=_some(
        results=_few(_some(product=_some(displayName=texts, name=texts), score=numbers))
    ),
)
# Anything that is JSON, in any place.
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(texts, st.sampled_from(["responses", "context", "error", "uri"])),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
_FIELDS = ("context", "error", "labelAnnotations", "fullTextAnnotation", "webDetection", "uri")
_odd_responses = st.one_of(
    responses, responses, st.dictionaries(st.sampled_from(_FIELDS), junk, max_size=3), junk
)


@st.composite
def shards(draw: st.DrawFn) -> bytes:
    """Bytes of a file that calls itself a shard; most of them are JSON."""
    body: Any = {"responses": draw(st.lists(_odd_responses, min_size=1, max_size=4))}
    if draw(st.integers(0, 9)) == 0:
        body = draw(junk)
    data = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    spoilt: bytes = draw(st.sampled_from(_SPOILERS))(data)
    return spoilt


def _twice(data: bytes) -> bytes:
    """The same names again, with other contents."""
    return data[:-1] + b', "responses": [{"context": {"uri": "gs://b/second.jpg"}}]}'


_whole = [lambda data: data] * 6  # most shards are well-formed, or only the parser would be tested
_SPOILERS = [
    *_whole,
    _twice,
    lambda data: b"\xef\xbb\xbf" + data,
    lambda data: data[: len(data) // 2],
    lambda data: data.replace(b'"uri"', b'"u\xffi"'),
    lambda data: data.decode("utf-8", "replace").encode("utf-16"),
    lambda data: data + b"\0" * 10,
    lambda data: b"[" * 2_000 + data,
    lambda data: data.replace(b"{", b'{"\\ud800": 1, ', 1),
]


def response_of(text: str, uri: str = "") -> dict[str, Any]:
    """One answer with a text in every place that takes one."""
    corners = {"vertices": [{"x": 2, "y": 2}, {"x": 30, "y": 2}, {"x": 30, "y": 20}]}
    named = {"description": text, "score": 0.9, "boundingPoly": corners}
    return {
        "context": {"uri": uri or text},
        "labelAnnotations": [named],
        "localizedObjectAnnotations": [{"name": text, "score": 0.8, "boundingPoly": corners}],
        "logoAnnotations": [named],
        "landmarkAnnotations": [named],
        "textAnnotations": [{**named, "locale": text}, named],
        "fullTextAnnotation": {
            "text": text,
            "pages": [{"property": {"detectedLanguages": [{"languageCode": text}]}}],
        },
        "webDetection": {
            "webEntities": [named],
            "pagesWithMatchingImages": [{"url": text, "pageTitle": text}],
            "bestGuessLabels": [{"label": text, "languageCode": text}],
        },
        "productSearchResults": {
            "results": [{"product": {"displayName": text, "name": text}, "score": 0.5}]
        },
        "safeSearchAnnotation": {"adult": "UNLIKELY", "racy": text},
        "imagePropertiesAnnotation": {
            "dominantColors": {"colors": [{"color": {"red": 200}, "pixelFraction": 0.5}]}
        },
    }
