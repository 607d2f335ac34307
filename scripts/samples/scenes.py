"""Sample pictures to be looked at: scenes, signs, posters and plain colours."""

from __future__ import annotations

import math
from random import Random

from PIL import Image

from scripts.samples.canvas import Canvas


def skyline() -> Image.Image:
    """A city at night with lit windows."""
    scene = Canvas(1000, 620)
    scene.gradient(("#020617", "#0f172a", "#1e3a8a", "#3b82f6"))
    dice = Random(3)
    for _ in range(140):
        scene.circle(dice.uniform(0, 1000), dice.uniform(0, 300), dice.uniform(0.5, 1.6), "#e2e8f0")
    scene.glow(820, 110, 52, "#e0f2fe", 16)
    scene.circle(820, 110, 44, "#f8fafc")
    for depth, colour in ((0, "#1e293b"), (1, "#0b1220")):
        x = -20.0
        while x < 1000:
            width = dice.uniform(54, 104)
            top = dice.uniform(190, 400) + depth * 60
            scene.box(x, top, width, 620 - top, colour)
            for row in range(int((600 - top) // 24)):
                for column in range(int((width - 14) // 17)):
                    if dice.random() < 0.42:
                        lit = dice.choice(("#fde047", "#fef08a", "#fdba74"))
                        scene.box(x + 9 + column * 17, top + 12 + row * 24, 9, 13, lit)
            x += width + dice.uniform(-4, 14)
    return scene.done()


def stop_sign() -> Image.Image:
    """A stop sign by a country road."""
    scene = Canvas(800, 800)
    scene.gradient(("#38bdf8", "#7dd3fc", "#e0f2fe"), 0, 520)
    for x, y in ((150, 120), (600, 90)):
        for dx, dy, r in ((0, 0, 40), (46, 8, 34), (-44, 10, 30), (16, -22, 32)):
            scene.glow(x + dx, y + dy, r, "#ffffff", 6)
    scene.gradient(("#65a30d", "#3f6212"), 520, 800)
    scene.shape([(250, 520), (300, 520), (760, 800), (420, 800)], "#57534e")
    scene.shape([(272, 520), (276, 520), (598, 800), (576, 800)], "#fde047")
    scene.box(506, 380, 22, 400, "#9ca3af")
    corners = [
        (
            517 + r * math.cos(math.pi / 8 + n * math.pi / 4),
            290 + r * math.sin(math.pi / 8 + n * math.pi / 4),
        )
        for r in (190, 176)
        for n in range(8)
    ]
    scene.shape(corners[:8], "#ffffff")
    scene.shape(corners[8:], "#c1121f")
    scene.text(517, 290, "STOP", 112, "#ffffff", anchor="mm", bold=3)
    return scene.done()


def traffic_light() -> Image.Image:
    """A traffic light on red."""
    scene = Canvas(560, 800)
    scene.gradient(("#cbd5e1", "#e2e8f0", "#94a3b8"))
    scene.box(262, 560, 36, 240, "#374151")
    scene.box(166, 60, 228, 540, "#111827", radius=40)
    lights = ((150, "#ef4444", "#fecaca"), (330, "#78600e", "#94791d"), (510, "#14532d", "#1c7040"))
    for y, colour, shine in lights:
        if y == 150:  # the lit one
            scene.glow(280, y, 90, "#ef4444", 22)
        scene.circle(280, y, 72, colour)
        scene.glow(256, y - 26, 16, shine, 8)
    return scene.done()


def wall_clock() -> Image.Image:
    """An analogue clock that shows ten past ten."""
    scene = Canvas(700, 700)
    scene.gradient(("#fde68a", "#fbbf24"))
    scene.glow(362, 368, 270, "#92400e", 18)
    scene.circle(350, 350, 270, "#1f2937")
    scene.circle(350, 350, 246, "#fffbeb")
    for minute in range(60):
        angle = minute * math.pi / 30
        inner = 214 if minute % 5 == 0 else 226
        ends = [(350 + r * math.sin(angle), 350 - r * math.cos(angle)) for r in (inner, 236)]
        scene.line(ends, "#1f2937", 5 if minute % 5 == 0 else 2)
    for hour in range(1, 13):
        angle = hour * math.pi / 6
        x, y = 350 + 180 * math.sin(angle), 350 - 180 * math.cos(angle)
        scene.text(x, y, str(hour), 44, "#1f2937", anchor="mm", bold=0.8)
    for degrees, length, width in ((305, 120, 12), (60, 180, 8)):
        angle = math.radians(degrees)
        tip = (350 + length * math.sin(angle), 350 - length * math.cos(angle))
        scene.line([(350, 350), tip], "#1f2937", width)
    scene.line([(350, 390), (350, 160)], "#dc2626", 3)
    scene.circle(350, 350, 14, "#dc2626")
    return scene.done()


def concert_poster() -> Image.Image:
    """A poster in two bold colours."""
    poster = Canvas(700, 990)
    poster.gradient(("#fb7185", "#f97316", "#facc15"))
    poster.circle(350, 430, 250, "#fff1c1")
    for number in range(7):
        y = 470 + number * 32
        poster.box(80, y, 540, 8 + number * 3, "#f9731c")
    poster.text(350, 60, "SUMMER NIGHTS", 68, "#4a044e", anchor="ma", bold=2)
    poster.text(350, 146, "open air concerts by the river", 28, "#4a044e", anchor="ma")
    for x, tall in ((250, 150), (350, 210), (450, 150)):
        poster.box(x - 7, 560 - tall, 14, tall, "#4a044e")
        poster.circle(x - 20, 560, 26, "#4a044e")
    poster.line([(250, 410), (350, 350), (450, 410)], "#4a044e", 16)
    evenings = (
        ("FRI 3 JULY", "The Paper Kites Club"),
        ("SAT 4 JULY", "Blue Harbour Quartet"),
        ("SUN 5 JULY", "Mara and the Lanterns"),
    )
    for number, (day, band) in enumerate(evenings):
        poster.text(70, 770 + number * 56, day, 28, "#4a044e", bold=0.8)
        poster.text(280, 770 + number * 56, band, 28, "#4a044e")
    poster.text(350, 944, "Doors 19:00   Tickets from 15", 22, "#7c2d12", anchor="ma")
    return poster.done()


def composition() -> Image.Image:
    """Rectangles of primary colours between black bars."""
    board = Canvas(760, 760, "#f5f2e8")
    for x, y, w, h, colour in (
        (0, 0, 220, 250, "#1d4ed8"),
        (480, 0, 280, 180, "#f5f2e8"),
        (236, 266, 330, 330, "#dc2626"),
        (582, 430, 178, 166, "#facc15"),
        (0, 612, 220, 148, "#facc15"),
        (582, 612, 178, 148, "#1d4ed8"),
    ):
        board.box(x, y, w, h, colour)
    for x, y, w, h in (
        (220, 0, 16, 760), (566, 180, 16, 580), (0, 250, 760, 16), (0, 596, 760, 16),
        (464, 0, 16, 250), (464, 180, 296, 14), (582, 414, 178, 16),
    ):  # fmt: skip
        board.box(x, y, w, h, "#0a0a0a")
    return board.done()


def swatches() -> Image.Image:
    """Cards of paint colours with their codes."""
    board = Canvas(960, 640, "#f4f4f5")
    names = (
        ("Coral", "#ff6f61"), ("Marigold", "#f5a623"), ("Lemon", "#f8e71c"), ("Lime", "#9ccc3c"),
        ("Emerald", "#1fa67a"), ("Lagoon", "#1aa7b8"), ("Denim", "#3b6fb6"), ("Violet", "#7b4fb3"),
        ("Orchid", "#c95fae"), ("Rose", "#e8588a"), ("Cocoa", "#7a4b2f"), ("Slate", "#56616d"),
    )  # fmt: skip
    for number, (name, colour) in enumerate(names):
        x, y = 36 + 226 * (number % 4), 32 + 198 * (number // 4)
        board.box(x, y, 206, 180, "#ffffff", radius=10)
        board.box(x, y, 206, 118, colour, radius=10)
        board.text(x + 14, y + 128, name, 20, bold=0.4)
        board.text(x + 192, y + 132, colour.upper(), 16, "#71717a", anchor="ra")
    return board.done()


def balloons() -> Image.Image:
    """Hot air balloons over hills."""
    scene = Canvas(900, 700)
    scene.gradient(("#60a5fa", "#bfdbfe", "#fef3c7"), 0, 560)
    for base, colour in ((520, "#86a35b"), (570, "#5f8a3c"), (620, "#3f6b2a")):
        ridge = [(x, base - 22 * _hills(x / 1.6, 0, base)) for x in range(0, 901, 8)]
        scene.shape([(0, 700), *ridge, (900, 700)], colour)
    for x, y, r, stripes in (
        (280, 220, 120, ("#dc2626", "#facc15")),
        (610, 170, 84, ("#2563eb", "#f8fafc")),
        (730, 350, 56, ("#16a34a", "#fde047")),
    ):
        _balloon(scene, x, y, r, stripes)
    return scene.done()


def _hills(x: float, shift: float, phase: float) -> float:
    wave = math.sin(x / 97 + phase) + 0.6 * math.sin(x / 41 + 2 * phase)
    return 1 + wave * 0.5 + 0.25 * math.sin(x / 13 + phase) + shift


def _balloon(scene: Canvas, x: float, y: float, r: float, stripes: tuple[str, str]) -> None:
    basket = y + r * 1.72
    for side in (-1, 1):
        scene.line(
            [(x + side * r * 0.5, y + r * 0.86), (x + side * r * 0.13, basket)], "#57534e", 2
        )
    scene.shape(
        [(x - r * 0.93, y + r * 0.36), (x + r * 0.93, y + r * 0.36), (x + r * 0.2, y + r * 1.34),
         (x - r * 0.2, y + r * 1.34)], stripes[0]
    )  # fmt: skip
    scene.circle(x, y, r, stripes[0])
    for part in (0.66, 0.22):
        _ellipse(scene, x, y, r * part, r, stripes[1] if part > 0.5 else stripes[0])
    scene.shape(
        [(x - r * 0.6, y + r * 0.6), (x + r * 0.6, y + r * 0.6), (x + r * 0.14, y + r * 1.34),
         (x - r * 0.14, y + r * 1.34)], stripes[1]
    )  # fmt: skip
    scene.shape(
        [(x - r * 0.22, y + r * 0.6), (x + r * 0.22, y + r * 0.6), (x + r * 0.06, y + r * 1.34),
         (x - r * 0.06, y + r * 1.34)], stripes[0]
    )  # fmt: skip
    scene.box(x - r * 0.16, basket, r * 0.32, r * 0.24, "#78350f", radius=3)


def _ellipse(scene: Canvas, x: float, y: float, rx: float, ry: float, fill: str) -> None:
    steps = [n * math.pi / 36 for n in range(72)]
    scene.shape([(x + rx * math.cos(a), y + ry * math.sin(a)) for a in steps], fill)
