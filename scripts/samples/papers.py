"""Sample pictures to be read: papers, cards, charts and screens."""

from __future__ import annotations

from PIL import Image

from scripts.samples.canvas import Canvas

_GREY = "#6b7280"


def receipt() -> Image.Image:
    """A till receipt on a wooden desk."""
    paper = Canvas(400, 700, "#fdfcf7")
    paper.text(200, 34, "CORNER MARKET", 30, anchor="ma", bold=0.6)
    paper.text(200, 76, "12 Harbour Street, Bristol", 16, _GREY, anchor="ma")
    paper.text(200, 98, "Tel. 0117 496 0123", 16, _GREY, anchor="ma")
    paper.line([(30, 132), (370, 132)], "#9ca3af", 1)
    items = (
        ("Sourdough bread", "3.20"),
        ("Free range eggs x12", "3.95"),
        ("Oat milk 1 l", "2.10"),
        ("Tomatoes 0.52 kg", "1.87"),
        ("Olive oil 500 ml", "7.49"),
        ("Dark chocolate 70%", "2.60"),
        ("Bananas 1.10 kg", "1.21"),
        ("Ground coffee 250 g", "5.80"),
    )
    y = 152.0
    for name, price in items:
        paper.text(34, y, name, 19)
        paper.text(366, y, price, 19, anchor="ra")
        y += 34
    paper.line([(30, y + 8), (370, y + 8)], "#9ca3af", 1)
    paper.text(34, y + 26, "Subtotal", 19)
    paper.text(366, y + 26, "28.22", 19, anchor="ra")
    paper.text(34, y + 56, "Discount card", 19)
    paper.text(366, y + 56, "-1.41", 19, anchor="ra")
    paper.text(34, y + 94, "TOTAL", 28, bold=0.7)
    paper.text(366, y + 94, "$ 26.81", 28, anchor="ra", bold=0.7)
    paper.text(34, y + 146, "Paid by card **** 4821", 16, _GREY)
    paper.text(34, y + 170, "14 March 2026   18:42   Till 3", 16, _GREY)
    paper.text(200, y + 216, "Thank you for shopping with us!", 18, anchor="ma")
    return paper.on_desk(720, 900, ("#8a5a35", "#a8713f", "#7d4f2c"), 3.5).done()


def letter() -> Image.Image:
    """A typed letter: dense English text."""
    page = Canvas(760, 980, "#ffffff")
    page.text(70, 70, "Northfield Botanical Society", 26, "#14532d", bold=0.5)
    page.text(70, 106, "Glasshouse Lane 4, Northfield", 16, _GREY)
    page.line([(70, 140), (690, 140)], "#14532d", 2)
    page.text(690, 162, "3 May 2026", 17, anchor="ra")
    page.text(70, 200, "Dear members,", 20)
    y = 244.0
    for text in (
        "The spring survey is complete. Forty volunteers walked the river meadows on two weekends "
        "and counted one hundred and twelve species of flowering plants, nine more than last year. "
        "The most welcome find was a small colony of bee orchids near the old mill, a plant that "
        "nobody had seen here since 1987.",
        "Every sheet, sketch and photograph of the survey has now been scanned. In all there are "
        "two thousand pictures. We would like to describe them, so that a visitor can search the "
        "archive for a colour, a word on a label or the name of a plant.",
        "Our next meeting is on Thursday, 21 May, at half past seven in the orangery. Tea will be "
        "served. Please bring the loan books back, and a chair if you have one to spare.",
    ):
        y = page.paragraph(70, y, 620, text, 19) + 18
    page.text(70, y + 8, "With kind regards,", 20)
    page.line(
        [
            (72, y + 72),
            (96, y + 46),
            (104, y + 82),
            (128, y + 50),
            (140, y + 78),
            (176, y + 56),
            (190, y + 74),
            (236, y + 60),
        ],
        "#1e3a8a",
        2.5,
    )
    page.text(70, y + 100, "Margaret Hill, secretary", 18)
    return page.on_desk(900, 1100, ("#334155", "#475569"), -1.2).done()


def verses() -> Image.Image:
    """The same few sentences in four languages."""
    page = Canvas(900, 700, "#fbf7ee")
    page.text(450, 44, "The moon above the harbour", 30, "#7c2d12", anchor="ma", bold=0.5)
    columns = (
        ("English", "The moon is shining over the quiet harbour, and the boats are sleeping on "
         "the water. Nobody speaks; only the wind turns the pages of the evening."),
        ("Deutsch", "Der Mond scheint auf den stillen Hafen, und die Boote schlafen auf dem "
         "Wasser. Niemand spricht; nur der Wind wendet die Seiten des Abends."),
        ("Francais", "La lune brille sur le port tranquille et les bateaux dorment sur les eaux. "
         "Personne ne parle; seul le vent tourne les pages du soir."),
        ("Italiano", "La luna splende sul porto silenzioso e le barche dormono sulle onde. "
         "Nessuno parla; solo il vento gira le pagine della sera."),
    )  # fmt: skip
    for number, (language, text) in enumerate(columns):
        x, y = 70 + 400 * (number % 2), 130 + 270 * (number // 2)
        page.text(x, y, language, 24, "#b45309", bold=0.5)
        page.paragraph(x, y + 44, 350, text, 20)
    return page.done()


def bar_chart() -> Image.Image:
    """A bar chart with a title, axes and values."""
    chart = Canvas(900, 600, "#ffffff")
    chart.text(60, 36, "Visitors to the city museum, 2025", 28, bold=0.5)
    chart.text(60, 76, "in thousands, by month", 18, _GREY)
    values = (21, 24, 33, 41, 52, 67, 88, 91, 60, 44, 29, 35)
    for step in range(0, 101, 25):
        y = 520 - step * 3.9
        chart.line([(100, y), (860, y)], "#e5e7eb", 1.5)
        chart.text(88, y, str(step), 16, _GREY, anchor="rm")
    for number, value in enumerate(values):
        x = 112 + number * 63
        top = 520 - value * 3.9
        colour = "#f97316" if value > 80 else "#0ea5e9"
        chart.box(x, top, 42, 520 - top, colour, radius=4)
        chart.text(x + 21, top - 8, str(value), 16, anchor="md")
        chart.text(x + 21, 534, "JFMAMJJASOND"[number], 18, _GREY, anchor="ma")
    return chart.done()


def pie_chart() -> Image.Image:
    """A ring of shares with a legend."""
    chart = Canvas(800, 600, "#0f172a")
    chart.text(50, 40, "Where our energy comes from", 30, "#f8fafc", bold=0.5)
    shares = (
        ("Wind", 38, "#38bdf8"),
        ("Solar", 27, "#facc15"),
        ("Hydro", 16, "#34d399"),
        ("Biomass", 11, "#a3e635"),
        ("Gas", 8, "#f87171"),
    )
    start = -90.0
    for number, (name, share, colour) in enumerate(shares):
        end = start + share * 3.6
        chart.pie(290, 340, 200, start, end, colour)
        start = end
        y = 200 + number * 62
        chart.box(550, y, 28, 28, colour, radius=6)
        chart.text(594, y + 14, f"{name}  {share}%", 24, "#e2e8f0", anchor="lm")
    chart.circle(290, 340, 104, "#0f172a")
    chart.text(290, 340, "2025", 46, "#f8fafc", anchor="mm", bold=0.8)
    return chart.done()


def menu() -> Image.Image:
    """A restaurant's menu."""
    card = Canvas(640, 900, "#fffaf0")
    card.box(24, 24, 592, 852, None, outline="#9a3412", line=3)
    card.box(34, 34, 572, 832, None, outline="#9a3412", line=1)
    card.text(320, 70, "TRATTORIA LIMONE", 38, "#7c2d12", anchor="ma", bold=0.8)
    card.text(320, 122, "lunch menu", 20, "#9a3412", anchor="ma")
    sections = (
        ("STARTERS", (("Bruschetta al pomodoro", "6.50"), ("Minestrone soup", "7.00"),
                      ("Burrata with figs", "9.80"))),
        ("MAINS", (("Spaghetti alle vongole", "15.50"), ("Risotto with saffron", "14.00"),
                   ("Grilled sea bass, fennel", "21.00"), ("Pizza Margherita", "11.00"))),
        ("DESSERTS", (("Tiramisu", "6.50"), ("Lemon sorbet", "5.00"), ("Espresso", "2.20"))),
    )  # fmt: skip
    y = 180.0
    for title, dishes in sections:
        card.text(320, y, title, 24, "#b91c1c", anchor="ma", bold=0.5)
        y += 48
        for dish, price in dishes:
            card.text(80, y, dish, 22)
            card.text(560, y, price, 22, anchor="ra")
            y += 42
        y += 26
    return card.on_desk(780, 1020, ("#3f6212", "#4d7c0f"), 2).done()


def business_card() -> Image.Image:
    """A business card on dark cloth."""
    card = Canvas(600, 340, "#f8fafc")
    card.box(0, 0, 18, 340, "#0f766e")
    card.circle(520, 80, 38, "#0f766e")
    card.text(520, 80, "LV", 32, "#f8fafc", anchor="mm", bold=0.8)
    card.text(60, 70, "Lena Vogel", 38, "#0f172a", bold=0.7)
    card.text(60, 122, "Landscape architect", 22, "#0f766e")
    card.line([(60, 170), (540, 170)], "#cbd5e1", 1.5)
    card.text(60, 196, "Mill Road 27, Cambridge CB1 2AD", 20)
    card.text(60, 230, "+44 1223 496 0842", 20)
    card.text(60, 264, "lena.vogel@greenlines.example", 20)
    return card.on_desk(800, 560, ("#1c1917", "#292524"), -4).done()


def boarding_pass() -> Image.Image:
    """A boarding pass."""
    card = Canvas(900, 380, "#ffffff")
    card.box(0, 0, 900, 84, "#1d4ed8")
    card.text(40, 42, "AURORA AIRLINES", 30, "#ffffff", anchor="lm", bold=0.7)
    card.text(860, 42, "BOARDING PASS", 22, "#dbeafe", anchor="rm")
    card.text(40, 112, "OSL", 74, "#0f172a", bold=1.2)
    card.text(42, 200, "Oslo", 20, _GREY)
    card.shape([(262, 130), (330, 158), (262, 186), (276, 158)], "#1d4ed8")
    card.text(390, 112, "LIS", 74, "#0f172a", bold=1.2)
    card.text(392, 200, "Lisbon", 20, _GREY)
    fields = (("FLIGHT", "AU 1842"), ("DATE", "17 AUG"), ("GATE", "B14"), ("SEAT", "22A"))
    for number, (name, value) in enumerate(fields):
        card.text(40 + number * 150, 252, name, 15, _GREY)
        card.text(40 + number * 150, 276, value, 28, "#0f172a", bold=0.5)
    card.text(40, 328, "Passenger: NORDBY / INGRID MS", 20)
    for stripe in range(60):
        width = (2, 5, 3, 2, 6, 3, 4)[stripe * stripe % 7]
        card.box(660 + stripe * 3.4, 120, width / 2, 210, "#111827")
    return card.on_desk(1000, 560, ("#e0e7ff", "#c7d2fe"), 1.5).done()


def web_page() -> Image.Image:
    """A web page in a browser's window."""
    page = Canvas(1000, 700, "#ffffff")
    page.box(0, 0, 1000, 52, "#e5e7eb")
    for x, colour in ((28, "#ef4444"), (54, "#f59e0b"), (80, "#22c55e")):
        page.circle(x, 26, 9, colour)
    page.box(120, 11, 760, 30, "#ffffff", radius=15)
    page.text(140, 26, "https://www.bicycle-repair.example/workshop", 15, _GREY, anchor="lm")
    page.text(50, 92, "spoke & wheel", 28, "#b91c1c", bold=0.8)
    for x, entry in ((560, "Repairs"), (670, "Shop"), (750, "Courses"), (860, "Contact")):
        page.text(x, 98, entry, 19, "#374151")
    page.box(0, 150, 1000, 240, "#fee2e2")
    page.text(50, 190, "We fix bicycles while you wait", 40, "#7f1d1d", bold=0.9)
    page.text(52, 254, "Open Monday to Saturday, 9 to 18. No appointment needed.", 20, "#7f1d1d")
    page.box(50, 306, 200, 50, "#b91c1c", radius=8)
    page.text(150, 331, "Book a repair", 20, "#ffffff", anchor="mm", bold=0.4)
    cards = (("Puncture", "from 12"), ("Brakes", "from 25"), ("Full service", "from 69"))
    for number, (title, price) in enumerate(cards):
        x = 50 + number * 310
        page.box(x, 430, 280, 200, "#f9fafb", radius=10, outline="#e5e7eb", line=2)
        page.circle(x + 60, 500, 30, None, outline="#b91c1c", line=5)
        page.circle(x + 150, 500, 30, None, outline="#b91c1c", line=5)
        page.line([(x + 60, 500), (x + 95, 460), (x + 150, 500)], "#b91c1c", 4)
        page.text(x + 24, 552, title, 24, bold=0.5)
        page.text(x + 24, 588, price, 19, _GREY)
    return page.done()


def crossword() -> Image.Image:
    """A crossword puzzle, partly solved."""
    rows = ("PIXEL#MAP", "A#M#A#O#A", "LABEL#TEN", "E#G#I#I#E", "TREE#FORM",
            "T###S#N##", "E#COLOUR#", "#S#R#N#I#", "VISION#AD")  # fmt: skip
    board = Canvas(720, 720, "#fafaf5")
    number = 0
    for row in range(9):
        for column in range(9):
            letter = rows[row][column]
            x, y = 45 + column * 70, 45 + row * 70
            if letter == "#":
                board.box(x, y, 70, 70, "#18181b")
                continue
            board.box(x, y, 70, 70, "#ffffff", outline="#3f3f46", line=1.5)
            if column == 0 or row == 0 or rows[row][column - 1] == "#":
                number += 1
                board.text(x + 5, y + 4, str(number), 14, "#3f3f46")
            if (row * 9 + column) % 4 != 3:
                board.text(x + 36, y + 40, letter, 36, "#1d4ed8", anchor="mm", bold=0.5)
    return board.done()
