"""One picture's bytes -> pixels, once, shared by every feature asked of it.

Limits, formats and messages are the service's: cloud.google.com/vision/docs/supported-files and
cloud.google.com/vision/quotas (20 MB, 75 million pixels), "Bad image data." and "Image too large.
Please limit to 75 megapixels." as users report them (openfoodfacts-server #10764).
"""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.errors import PictureError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 75_000_000
BASE_SIDE = 1280  # no model here looks at more; a JPEG is decoded straight to about this size
# Pillow knows far more formats, some of which start other programs (EPS): these are the service's.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "TIFF")

for _name in ("Jpeg", "Mpo", "Png", "Gif", "Bmp", "WebP", "Ico", "Tiff"):
    importlib.import_module(f"PIL.{_name}ImagePlugin")  # Pillow loads only some by itself

_EXIF_ORIENTATION = 0x0112
# What makes the stored grid upright, by EXIF orientation (exif.org, tag 0x0112).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BadPicture(PictureError):
    """A picture that the service refuses, with its ``google.rpc.Code`` and its very words.

    Attributes:
        code: number of the ``google.rpc.Code``; 3 is INVALID_ARGUMENT.
        message: what ``AnnotateImageResponse.error.message`` says.
    """

    def __init__(self, message: str, *, code: int = 3, where: str = "") -> None:
        super().__init__(message.rstrip("."), where=where)
        self.message = message
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.message, self.code, self.where))


def _rebuild(message: str, code: int, where: str) -> BadPicture:
    return BadPicture(message, code=code, where=where)


class Picture:
    """Pixels as a person sees the picture: EXIF rotation applied, alpha flattened on white.

    Models need the picture upright, so annotators work, and report coordinates, in this upright
    grid of ``width`` x ``height``. The engine turns coordinates back to the file's own grid
    afterwards (``orientation.to_file_grid``), so no annotator needs to know of EXIF.

    Attributes:
        width, height: of the full picture, upright, in pixels.
        orientation: the file's EXIF orientation, 1 (none) to 8.
        vector: (1280,) what the label model saw, once it has looked (``label_model.Look``).
    """

    __slots__ = (
        "__weakref__",  # so that an annotator can tell the picture it saw last
        "_base",
        "_data",
        "_pixels",
        "_reduced",
        "_scaled",
        "height",
        "orientation",
        "uri",
        "vector",
        "width",
    )

    def __init__(self, pixels: Pixels) -> None:
        """Wrap an array of (height, width, 3) uint8 RGB, already upright."""
        self.height, self.width = int(pixels.shape[0]), int(pixels.shape[1])
        self.orientation, self.uri = 1, ""
        self.vector: NDArray[np.float32] | None = None
        self._pixels: Pixels | None = _frozen(pixels)
        self._base = Image.fromarray(pixels)
        self._data = b""
        self._reduced: dict[int, Image.Image] = {}
        self._scaled: dict[int, Pixels] = {}

    @classmethod
    def _decoded(
        cls, base: Image.Image, size: tuple[int, int], orientation: int, data: bytes
    ) -> Picture:
        """A picture whose arrays are made when they are asked for.

        Args:
            base: upright RGB, possibly smaller than the file's picture.
            size: width and height of the whole picture, upright.
            data: the file.
        """
        picture = cls.__new__(cls)
        picture.width, picture.height = size
        picture.orientation, picture.uri = orientation, ""
        picture.vector = None
        picture._pixels = None
        picture._base = base
        picture._data = data
        picture._reduced = {}
        picture._scaled = {}
        return picture

    @property
    def pixels(self) -> Pixels:
        """The full picture, (height, width, 3) uint8 RGB, read-only.

        Slow for a large JPEG, where it means a second decoding: use ``scaled`` if you can.
        """
        if self._pixels is None:
            self._decode_whole()
            self._pixels = _frozen(np.asarray(self._base))
        return self._pixels

    def _decode_whole(self) -> None:
        if self._base.size != (self.width, self.height):
            with _quiet():
                self._base = _upright(_open(self._data), self.orientation)

    def scaled(self, longest: int) -> Pixels:
        """The picture with its longest side at most ``longest``; read-only, cached.

        A picture that is small enough comes back as it is. Aspect ratio is kept to a pixel; no
        side is ever under 1.
        """
        if max(self.width, self.height) <= longest:
            return self.pixels
        if longest not in self._scaled:
            factor = longest / max(self.width, self.height)
            size = (max(1, round(self.width * factor)), max(1, round(self.height * factor)))
            if max(self._base.size) < longest:
                self._decode_whole()
            small = self._base.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
            self._scaled[longest] = _frozen(np.asarray(small))
        return self._scaled[longest]

    def reduced(self, at_least: int) -> Image.Image:
        """The picture made smaller by a whole number, its longest side still ``at_least``.

        For models that squeeze it to their own size anyway: blocks of pixels are averaged, a sixth
        of the cost of ``scaled``. A picture that is small enough comes back as it is. Shared and
        cached, so nobody may draw into it.
        """
        if max(self._base.size) < min(at_least, max(self.width, self.height)):
            self._decode_whole()
        by = max(self._base.size) // at_least
        if by < 2:
            return self._base
        if at_least not in self._reduced:
            self._reduced[at_least] = self._base.reduce(by)
        return self._reduced[at_least]


def decode(data: bytes) -> Picture:
    """Decode one picture: the first frame of a GIF, the first page of a TIFF.

    Raises:
        BadPicture: empty, not a picture, cut short, over 20 MB or over 75 million pixels.
    """
    if len(data) > MAX_BYTES:
        raise BadPicture(f"Image size exceeds the limit of {MAX_BYTES} bytes.")
    if not data:
        raise BadPicture("Bad image data.")
    with faults_told():
        return _decode(data)


def from_frame(image: Image.Image) -> Picture:
    """The frame or page at which an opened GIF or TIFF stands.

    Raises:
        BadPicture: it cannot be decoded, or has over 75 million pixels.
    """
    with faults_told():
        check_pixels(*image.size)
        orientation = _orientation(image)
        upright = _upright(image, orientation)
        # A copy: the file goes on to its next frame, and would take these pixels along.
        return Picture._decoded(upright.copy(), upright.size, orientation, b"")


@contextmanager
def faults_told() -> Iterator[None]:
    """Whatever a decoder raises becomes ``BadPicture``: a hostile file can make it raise all."""
    try:
        with _quiet():
            yield
    except BadPicture:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except Exception as error:
        raise BadPicture("Bad image data.") from error


def check_pixels(width: float, height: float) -> None:
    """Raise ``BadPicture`` for over 75 million pixels."""
    if width * height > MAX_PIXELS:
        raise _too_large()


def _decode(data: bytes) -> Picture:
    image = _open(data)
    width, height = image.size
    check_pixels(width, height)
    orientation = _orientation(image)
    if image.format in ("JPEG", "MPO") and max(width, height) > BASE_SIDE:
        factor = BASE_SIDE / max(width, height)
        # libjpeg skips most of the inverse transform; a file cut short is still noticed.
        image.draft(None, (round(width * factor), round(height * factor)))
    turned = orientation >= 5 and not _turns_itself(image)
    upright = (height, width) if turned else (width, height)
    return Picture._decoded(_upright(image, orientation), upright, orientation, data)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=FORMATS)


@contextmanager
def _quiet() -> Iterator[None]:
    # Pillow warns of damaged metadata, which does not matter, and of size, where our own limit is
    # lower and an error.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # damaged EXIF says nothing about the picture itself
        return 1
    return value if isinstance(value, int) and value in _UPRIGHT else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turned = orientation in _UPRIGHT and not _turns_itself(image)
    rgb = _rgb(image)
    return rgb.transpose(_UPRIGHT[orientation]) if turned else rgb


def _turns_itself(image: Image.Image) -> bool:
    # Pillow does so for this format alone, while it loads; the size it tells is upright already.
    return image.format == "TIFF"


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        image.load()
        return image
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, clear).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    # Pillow clips 16-bit grey to 255 instead of scaling it, which would leave a white page.
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    top = float(values.max(initial=0.0))
    scale = 1.0 if top <= 255 else 255 / 65535 if top <= 65535 else 255 / top
    if image.mode == "F" and top <= 1.0:
        scale = 255.0
    grey = np.clip(values * scale + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _too_large() -> BadPicture:
    return BadPicture("Image too large. Please limit to 75 megapixels.")


def _frozen(pixels: Pixels) -> Pixels:
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)  # features share it
    return pixels
