"""Any of Pillow's modes -> 8-bit sRGB on white, as a browser shows the picture.

Colour profiles (icc.org) and a PNG's gamma are applied, transparency lies on white, samples of 16
bits are scaled by 255 / 65,535 (PNG specification, 12.4); integers of 32 bits and floats, which no
browser shows, by the largest value that there is.

Light to import, without NumPy: the process that reads large pictures does so each time it starts.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from PIL import Image, ImageChops

Convert = Callable[[Image.Image], Image.Image]
_SRGB_GAMMA = 0.45455  # of a PNG's gAMA chunk; what is near it is meant as sRGB
_NEAR = 0.02
_DEEP = ("I", "F")  # modes of one channel with more than 8 bits, I;16 and its kind included


def converter(image: Image.Image) -> Convert:
    """What turns any part of a loaded picture into RGB.

    A part is a crop of it: a large picture is converted band by band.
    """
    if image.mode.startswith(_DEEP):
        scaled = _scale_of(image)
        managed = _managed(image, "L")
        return lambda part: managed(_eight_bits(part, scaled))
    managed = _managed(image, image.mode)
    if image.has_transparency_data:
        return lambda part: _on_white(managed(part.convert("RGBA")))
    return managed


def _on_white(part: Image.Image) -> Image.Image:
    white = Image.new("RGBA", part.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, part).convert("RGB")


def _scale_of(image: Image.Image) -> float:
    if image.mode.startswith("I;16"):
        return 255 / 65535
    top = _largest(image)
    if image.mode == "F" and top <= 1.0:
        return 255.0
    return 1.0 if top <= 255 else 255 / 65535 if top <= 65535 else 255 / top


def _largest(image: Image.Image) -> float:
    import numpy as np

    values = np.asarray(image)
    return float(values.max(initial=0.0, where=np.isfinite(values)))


def _eight_bits(part: Image.Image, scale: float) -> Image.Image:
    if part.mode == "F":
        import numpy as np

        values = np.nan_to_num(np.asarray(part), nan=0.0)  # infinities become very large
        return Image.fromarray(np.clip(values * scale + 0.5, 0, 255).astype(np.uint8))
    # Pillow knows linear functions of such samples, and clips what is left over.
    return part.convert("I").point(lambda value: value * scale + 0.5).convert("L")


def _managed(image: Image.Image, mode: str) -> Convert:
    """RGB or RGBA of parts, with the picture's profile or gamma applied."""
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        transform = _transform(profile, _channels(mode))
        if transform is not None:
            return transform
    gamma = image.info.get("gamma")
    plain = image.format == "PNG" and not profile and "srgb" not in image.info
    if plain and isinstance(gamma, float) and gamma > 0 and abs(gamma - _SRGB_GAMMA) > _NEAR:
        table = _gamma_table(round(gamma, 4))
        return lambda part: _by_table(_rgb(part), table)
    return _rgb


def _channels(mode: str) -> str:
    """Which profiles can be meant for a mode."""
    return "CMYK" if mode == "CMYK" else "GRAY" if mode in ("1", "L", "LA", "La") else "RGB"


def _rgb(part: Image.Image) -> Image.Image:
    if part.mode == "LAB":  # Pillow has no plain conversion
        return _applied(part, _from_lab())
    return part if part.mode in ("RGB", "RGBA") else part.convert("RGB")


@lru_cache(maxsize=1)
def _from_lab() -> Any:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


@lru_cache(maxsize=16)
def _transform(profile: bytes, channels: str) -> Convert | None:
    """What applies a profile; None if it is broken, made for others, or sRGB itself."""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = opened.profile.xcolor_space.strip()
        # A grey picture may bear a profile of three channels.
        modes = {"RGB": ("RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",)}.get(space, ())
        if not modes or (space != channels and (space, channels) != ("RGB", "GRAY")):
            return None
        srgb = ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent(ImageCms.getDefaultIntent(opened))
        transforms = {
            mode: ImageCms.buildTransform(
                opened, srgb, mode, "RGBA" if mode == "RGBA" else "RGB", intent
            )
            for mode in modes
        }
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError, KeyError):
        return None
    if space == "RGB" and _changes_nothing(transforms["RGB"]):
        return None
    return lambda part: _with_profile(part, transforms)


def _with_profile(part: Image.Image, transforms: dict[str, Any]) -> Image.Image:
    if "L" in transforms and part.mode == "RGBA":
        grey = _applied(part.convert("L"), transforms["L"])
        grey.putalpha(part.getchannel("A"))
        return grey
    mode = part.mode if part.mode in transforms else next(iter(transforms))
    return _applied(part if part.mode == mode else part.convert(mode), transforms[mode])


def _applied(part: Image.Image, transform: Any) -> Image.Image:
    from PIL import ImageCms

    changed = ImageCms.applyTransform(part, transform)
    assert changed is not None  # it is only for changes in place
    return changed


def _changes_nothing(transform: Any) -> bool:
    steps = range(0, 256, 51)
    probe = Image.new("RGB", (len(steps) ** 2, len(steps)))
    probe.putdata([(red, green, blue) for red in steps for green in steps for blue in steps])
    changed = ImageChops.difference(probe, _applied(probe, transform))
    return not any(max(changed.histogram()[at + 2 : at + 256]) for at in (0, 256, 512))


@lru_cache(maxsize=16)
def _gamma_table(gamma: float) -> list[int]:
    """A PNG's samples -> sRGB's (PNG specification 13.13; IEC 61966-2-1)."""
    linear = [(value / 255) ** (1 / gamma) for value in range(256)]
    return [
        round(255 * (12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055))
        for x in linear
    ]


def _by_table(part: Image.Image, table: list[int]) -> Image.Image:
    alpha = list(range(256)) if part.mode == "RGBA" else []
    return part.point([*table, *table, *table, *alpha])
