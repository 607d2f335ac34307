"""One picture's bytes -> pixels, once, shared by every feature asked of it.

Messages are the service's: "Bad image data." and "Image too large. Please limit to 75 megapixels."
as users report them (openfoodfacts-server #10764).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.errors import PictureError
from core.pictures import decoding
from core.pictures.decoding import Decoded, PictureTooLarge
from core.pictures.limits import MAX_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

BASE_SIDE = 1280  # few models here look at more; what is larger is decoded to about this size
LONG = 3  # times as long as wide: such pictures are read in strips
FRAME_SIDE = 2560  # of a page, which cannot be decoded a second time: small print is sharp


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
    afterwards (``exif_orientation.to_file_grid``), so no annotator needs to know of EXIF.

    Attributes:
        width, height: of the full picture, upright, in pixels.
        orientation: the file's EXIF orientation, 1 (none) to 8.
        vector: (1280,) what the label model saw, once it has looked (``label_model.Recognition``).
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
    def of(cls, decoded: Decoded, data: bytes = b"") -> Picture:
        """A picture whose arrays are made when they are asked for.

        Args:
            data: the file, to be decoded again where somebody wants more pixels; b"" if it cannot.
        """
        picture = cls.__new__(cls)
        picture.width, picture.height = decoded.size
        picture.orientation, picture.uri = decoded.orientation, ""
        picture.vector = None
        picture._pixels = None
        picture._base = decoded.image
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
            self._need(max(self.width, self.height))
            self._pixels = _frozen(np.asarray(self._base))
        return self._pixels

    def _need(self, longest: int) -> None:
        """Decode once more if somebody wants more pixels than are there."""
        if self._data and max(self._base.size) < min(longest, max(self.width, self.height)):
            with _service_words():
                self._base = decoding.decode(self._data, longest).image
            self._reduced.clear()  # of the smaller one

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
            self._scaled[longest] = _frozen(self.fitted(longest, size))
        return self._scaled[longest]

    def fitted(self, at_least: int, size: tuple[int, int]) -> Pixels:
        """The picture squeezed or enlarged to a width and height, not kept.

        Made smaller by a whole number first, as ``reduced``, then by less than two: there linear
        interpolation passes over no pixel, and takes a tenth of Pillow's time for the same.

        Args:
            at_least: pixels of the longest side that ``size`` needs.
            size: width and height of the result.
        """
        import cv2

        source = np.asarray(self.reduced(at_least))
        return np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_LINEAR), np.uint8)

    def reduced(self, at_least: int) -> Image.Image:
        """The picture made smaller by a whole number, its longest side still ``at_least``.

        For models that squeeze it to their own size anyway. Blocks of pixels are averaged. A
        picture that is small enough comes back as it is. Shared and cached, so nobody may draw
        into it.
        """
        self._need(at_least)
        by = max(self._base.size) // at_least
        if by < 2:
            return self._base
        if by not in self._reduced:
            self._reduced[by] = self._base.reduce(by)
        return self._reduced[by]


def decode(data: bytes) -> Picture:
    """Decode one picture: the first frame of a GIF, the first page of a TIFF.

    Raises:
        BadPicture: not a picture that can be decoded, over ``MAX_BYTES`` or over 75 million pixels.
    """
    if len(data) > MAX_BYTES:
        raise BadPicture(f"Image size exceeds the limit of {MAX_BYTES} bytes.")
    with _service_words():
        return Picture.of(decoding.decode(data, BASE_SIDE), data)


def longest_side(width: int, height: int, usual: int) -> int:
    """Pixels of the longest side that leave letters sharp: of a long picture more than usual.

    >>> longest_side(3000, 4000, 2560), longest_side(4000, 40000, 2560)
    (2560, 12800)
    """
    short, long = sorted((max(1, width), max(1, height)))
    return usual if long <= LONG * short else -(-long * usual // (2 * short))


def from_frame(image: Image.Image) -> Picture:
    """The frame or page at which an opened GIF or TIFF stands.

    Raises:
        BadPicture: it cannot be decoded, or has over 75 million pixels.
    """
    with faults_translated():
        decoded = decoding.decode_frame(image, longest_side(*image.size, FRAME_SIDE))
        # A copy: the file goes on to its next frame, and would take these pixels along.
        return Picture.of(Decoded(decoded.image.copy(), decoded.size, decoded.orientation))


@contextmanager
def faults_translated() -> Iterator[None]:
    """Whatever a decoder raises becomes ``BadPicture``: an untrusted file can make it raise all."""
    with _service_words(), decoding.decoder_errors():
        yield


@contextmanager
def _service_words() -> Iterator[None]:
    try:
        yield
    except BadPicture:
        raise
    except PictureTooLarge as error:
        raise BadPicture("Image too large. Please limit to 75 megapixels.") from error
    except PictureError as error:
        raise BadPicture("Bad image data.") from error


def _frozen(pixels: Pixels) -> Pixels:
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)  # features share it
    return pixels
