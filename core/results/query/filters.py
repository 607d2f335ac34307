"""What the user narrows results to: one frozen value, kept in the page's URL as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from core.results.query.filter_url import (
    AREA,
    COLOR,
    FACES,
    FOLDERS,
    LANGUAGES,
    Codec,
    flag,
    free_text,
    names,
    number,
    pairs,
)
from core.results.vocabulary import (
    CROP_SHAPES,
    FACE_TRAITS,
    LIKELIHOODS,
    MARKED,
    SAFE_CATEGORIES,
    status_number,
)

_Value = TypeVar("_Value")


def _field(default: _Value, codec: Codec, group: str, *, modifies: bool = False) -> _Value:
    """A field of ``Filters``.

    Args:
        codec: its text in the URL and for people.
        group: with which fields it belongs together, see ``GROUPS``.
        modifies: it says how, and narrows nothing alone.
    """
    metadata = {"codec": codec, "group": group, "modifies": modifies}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Filters:
    """Pictures must pass every field that is set; the default passes all.

    Names are compared without case and accents, and in whichever normal form they are written.

    Attributes:
        labels: label names; ``match`` says whether "any" of them or "all" must be there.
        not_labels: none of these may be there.
        score: 0..1; labels, objects, landmarks and logos below it are ignored everywhere.
        objects, landmarks, logos, languages, web, products: any of these names.
        faces: least and most faces; most None is no limit.
        traits: (face trait, least likelihood): a face reaches any of them.
        text: a search over the picture's text, as ``text_query.HELP`` explains it.
        crops: any of "tall", "square", "wide": the shape of a crop hint.
        color: "#rrggbb"; a dominant colour within ``tolerance`` (CIE76 distance in Lab, 2.3 is just
            noticeable) that covers at least ``color_share`` of the picture.
        no_greys: near-neutral colours (``palettes.is_grey``) are never a match for ``color``.
        palette_no_greys: they are left out of the batch's palette, too; narrows nothing.
        safe: (category, least likelihood): any of them is reached.
        safe_is: (category, likelihood): any of them is exactly so.
        errors: any of these status names, such as "NOT_FOUND".
        status: "ok" or "failed"; "" for both.
        uri: part of the name, the folder or the address.
        folders: any of these folders, as the column ``folder`` has them; "" for none.
        area: an outline on the map of pictures, as ``map_area.area_of`` writes it.
        marks: any of these of ``vocabulary.MARKED``.

    Raises:
        ValueError: a value outside its range or vocabulary (URLs go through ``from_params``).
    """

    labels: tuple[str, ...] = _field((), names("label", "Label"), "labels")
    match: str = _field("any", free_text("match", "match"), "labels", modifies=True)
    not_labels: tuple[str, ...] = _field((), names("notlabel", "not"), "labels")
    score: float = _field(0.0, number("score", "Score at least"), "score")
    objects: tuple[str, ...] = _field((), names("object", "Object"), "objects")
    faces: tuple[int, int | None] | None = _field(None, FACES, "faces")
    traits: tuple[tuple[str, str], ...] = _field((), pairs("trait", "Face", "at least"), "traits")
    landmarks: tuple[str, ...] = _field((), names("landmark", "Landmark"), "landmarks")
    logos: tuple[str, ...] = _field((), names("logo", "Logo"), "logos")
    text: str = _field("", free_text("text", "Text with"), "text")
    languages: tuple[str, ...] = _field((), LANGUAGES, "languages")
    web: tuple[str, ...] = _field((), names("web", "Web entity"), "web")
    products: tuple[str, ...] = _field((), names("product", "Product"), "products")
    crops: tuple[str, ...] = _field((), names("crop", "Crop hint"), "crops")
    color: str | None = _field(None, COLOR, "color")
    tolerance: float = _field(20.0, number("tolerance", "within"), "color", modifies=True)
    color_share: float = _field(0.03, number("share", "covering"), "color", modifies=True)
    no_greys: bool = _field(False, flag("nogreys", "without greys"), "color", modifies=True)
    palette_no_greys: bool = _field(
        False, flag("palettenogreys", "palette without greys"), "palette", modifies=True
    )
    safe: tuple[tuple[str, str], ...] = _field((), pairs("safe", "", "at least"), "safe")
    safe_is: tuple[tuple[str, str], ...] = _field((), pairs("safeis", "", "is"), "safe")
    errors: tuple[str, ...] = _field((), names("error", "Error"), "errors")
    status: str = _field("", free_text("status", "Status"), "errors")
    uri: str = _field("", free_text("uri", "Name with"), "uri")
    folders: tuple[str, ...] = _field((), FOLDERS, "folder")
    area: str = _field("", AREA, "area")
    marks: tuple[str, ...] = _field((), names("mark", "Marked"), "marks")

    def __post_init__(self) -> None:
        """Check ranges and vocabularies."""
        checks = {
            "match": self.match in ("any", "all"),
            "status": self.status in ("", "ok", "failed"),
            "score": 0 <= self.score <= 1,
            "color_share": 0 <= self.color_share <= 1,
            "tolerance": 0 <= self.tolerance <= 400,
            "marks": set(self.marks) <= set(MARKED),
            "crops": set(self.crops) <= set(CROP_SHAPES),
            "safe": _known(self.safe, SAFE_CATEGORIES),
            "safe_is": _known(self.safe_is, SAFE_CATEGORIES),
            "traits": _known(self.traits, FACE_TRAITS),
            "errors": all(status_number(name) is not None for name in self.errors),
        }
        for name, passed in checks.items():
            if not passed:
                raise ValueError(f"{name} cannot be {getattr(self, name)!r}")

    @classmethod
    def empty(cls) -> Filters:
        """Filters that let every picture pass."""
        return cls()

    @property
    def is_empty(self) -> bool:
        """Whether every picture passes."""
        return not any(self.is_set(group) for group in GROUPS)

    def is_set(self, group: str) -> bool:
        """Whether a group of ``GROUPS`` narrows anything."""
        return any(
            getattr(self, name) != _DEFAULTS[name]
            for name in GROUPS[group]
            if name not in _MODIFIERS
        )

    def without(self, group: str | None) -> Filters:
        """These filters with one group of ``GROUPS`` left out.

        Raises:
            KeyError: there is no such group.
        """
        if group is None:
            return self
        defaults: dict[str, Any] = {name: _DEFAULTS[name] for name in GROUPS[group]}
        return replace(self, **defaults)

    def toggled(self, field: str, value: Any) -> Filters:
        """What a click on ``value`` gives: it is added to the field, or taken away if it is there.

        Args:
            field: a field's name; for one that holds a single value the value replaces it.
            value: as the field holds it; a list (as JSON gives) counts as a tuple.
        """
        value = tuple(value) if isinstance(value, list) else value
        values = getattr(self, field)
        changed: dict[str, Any] = {field: _DEFAULTS[field] if values == value else value}
        if isinstance(_DEFAULTS[field], tuple):
            remaining = tuple(item for item in values if item != value)
            changed = {field: remaining if len(remaining) < len(values) else (*values, value)}
        return replace(self, **changed)

    def to_params(self) -> dict[str, str]:
        """URL parameters for everything that differs from the default."""
        return {
            codec.key: codec.write(getattr(self, name))
            for name, codec in CODECS.items()
            if getattr(self, name) != _DEFAULTS[name]
        }

    @classmethod
    def from_params(cls, params: Mapping[str, str]) -> tuple[Filters, list[str]]:
        """Read URL parameters; what cannot be used is left out and named in the notes.

        Parameters of other names are someone else's and ignored.
        """
        filters, notes = cls(), []
        for name, codec in CODECS.items():
            if codec.key in params:
                try:
                    text = str(params[codec.key])
                    text.encode()  # a lone surrogate is no text, and a ValueError
                    filters = replace(filters, **{name: codec.read(text)})
                except ValueError:
                    shown = str(params[codec.key])[:60]
                    notes.append(f"The address holds no usable {codec.key}: {shown!r}.")
        return filters, notes

    def chips(self) -> list[Chip]:
        """One entry for each group that is set, to show and to take away."""
        return [
            Chip(group, _described(self, group), self.without(group))
            for group in GROUPS
            if self.is_set(group)
        ]

    def values(self) -> list[Chip]:
        """One entry for each chosen value: of a field of several names one for each of them."""
        entries = []
        for chip in self.chips():
            for name in GROUPS[chip.group]:
                value, default = getattr(self, name), _DEFAULTS[name]
                if name in _MODIFIERS or value == default:
                    continue
                if isinstance(default, tuple):
                    entries += [
                        Chip(chip.group, _said(name, item), self.toggled(name, item))
                        for item in value
                    ]
                else:
                    cleared: dict[str, Any] = {name: default}
                    text = f"{CODECS[name].title} {CODECS[name].show(value)}".strip()
                    entries.append(Chip(chip.group, text, replace(self, **cleared)))
        return entries


def _said(name: str, item: Any) -> str:
    """One value of a field in words; the names of labels stand for themselves."""
    title = {"labels": "", "not_labels": "without"}.get(name, CODECS[name].title)
    return f"{title} {CODECS[name].show((item,))}".strip()


@dataclass(frozen=True, slots=True)
class Chip:
    """A set group of filters in plain words, and the filters that remain without it.

    ``text`` holds names from results and is hostile: show it as plain text.
    """

    group: str
    text: str
    rest: Filters


_FIELDS = fields(Filters)
_DEFAULTS: Mapping[str, Any] = {one.name: one.default for one in _FIELDS}
_MODIFIERS = frozenset(one.name for one in _FIELDS if one.metadata["modifies"])
CODECS: Mapping[str, Codec] = {one.name: one.metadata["codec"] for one in _FIELDS}
PARAM_NAMES = frozenset(codec.key for codec in CODECS.values())
# What belongs together: a chart is drawn with all filters but its own group.
GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(one.name for one in _FIELDS if one.metadata["group"] == group)
    for group in dict.fromkeys(one.metadata["group"] for one in _FIELDS)
}


def _known(pairs: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> bool:
    return all(name in names and likelihood in LIKELIHOODS for name, likelihood in pairs)


def _described(filters: Filters, group: str) -> str:
    parts = []
    for name in GROUPS[group]:
        value = getattr(filters, name)
        if value != _DEFAULTS[name]:
            parts.append(f"{CODECS[name].title} {CODECS[name].show(value)}".strip())
    return ", ".join(parts)
