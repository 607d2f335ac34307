"""What is asked of a picture: equal where one answer can stand in for the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from core.jobs.batch.features import FEATURES
from core.jobs.batch.request import BatchRequest
from core.jobs.service.connection import LOCAL, FeatureSupport

USUAL_MODEL = "builtin/stable"
_READS = ("TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION")


def work_of(
    request: BatchRequest,
    backend: str,
    capabilities: Mapping[str, FeatureSupport],
    *,
    by_project: bool = False,
) -> str:
    """A name for everything but the picture that an answer depends on.

    That is the service, whichever project pays, and each feature with its own settings and its
    model. An answer comes as one piece, so the features must be the same ones; their order and the
    shards' size do not matter. Google names no versions of its models: there the age of an answer
    is all that is known.

    Args:
        backend: ``Backend.id``.
        by_project: as earlier versions named it, apart for every project.

    Returns:
        64 characters, or "" if the backend's answers depend on more than this, such as on pictures
        that it has seen before: they cannot stand in for each other.
    """
    if not all(name in capabilities and capabilities[name].repeatable for name in request.features):
        return ""
    asked = {
        name: {**_settings(request, name), **_by_what(capabilities[name])}
        for name in request.features
    }
    service = backend if by_project else backend.partition(":")[0]
    text = json.dumps({"backend": service, "asked": asked}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def asked_values(
    request: BatchRequest, backend: str, capabilities: Mapping[str, FeatureSupport]
) -> dict[str, str]:
    """What a job's row says of what is asked, and of which models.

    Returns:
        ``work`` as ``work_of`` names it; ``question``, equal where another model, backend or state
        of the service's models would be asked the same, and "" where ``work`` is; ``models``, a
        JSON object with the model of each feature, for people.
    """
    work = work_of(request, backend, capabilities)
    if not work:
        return {"work": "", "question": "", "models": ""}
    asked, models = {}, {}
    for name in request.features:
        support = capabilities[name]
        settings = _settings(request, name)
        latest = ", latest" if settings.pop("asked_model", None) else ""
        asked[name] = {**settings, "gallery": support.gallery}
        models[name] = (support.model or LOCAL) + latest
    question = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return {"work": work, "question": question, "models": json.dumps(models)}


def other_models(models: str, now: str) -> str:
    """Names of the models that answered where others would answer now, for people.

    Args:
        models, now: as ``asked_values`` writes them; "" where it was not noted.
    """
    theirs, ours = _read(models), _read(now)
    by_name: dict[str, list[str]] = {}
    for feature, name in theirs.items():
        if name != ours.get(feature):
            title = FEATURES[feature].title if feature in FEATURES else feature
            by_name.setdefault(name, []).append(title)
    if not by_name:
        return "a model that was not noted"
    return "; ".join(f"{', '.join(titles)}: {name}" for name, titles in by_name.items())


def _read(models: str) -> dict[str, str]:
    try:
        read = json.loads(models)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in read.items()} if isinstance(read, dict) else {}


def still_answers(
    work: str, request: BatchRequest, backend: str, capabilities: Mapping[str, FeatureSupport]
) -> bool:
    """Whether answers that were planned under a name are known to be that: a gallery that they
    depend on may have been filled meanwhile, and no two states of one have the same name."""
    by_gallery = any(capabilities[n].gallery for n in request.features if n in capabilities)
    lost = any(not capabilities[n].repeatable for n in request.features if n in capabilities)
    if not (work and (by_gallery or lost)):
        return True
    return work == work_of(request, backend, capabilities)


def _by_what(support: FeatureSupport) -> dict[str, str]:
    gallery = {"gallery": support.gallery} if support.gallery else {}
    return {"model": support.model, **gallery}


def changing(request: BatchRequest, capabilities: Mapping[str, FeatureSupport]) -> tuple[str, ...]:
    """Titles of the asked features whose answers cannot be used again."""
    return tuple(
        FEATURES[name].title
        for name in request.features
        if name not in capabilities or not capabilities[name].repeatable
    )


def _settings(request: BatchRequest, name: str) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    # What was not chosen is left out, so that answers of before can be used again.
    if request.model not in ("", USUAL_MODEL):
        settings["asked_model"] = request.model
    if request.longest:
        settings["longest"] = request.longest
    if name in _READS and request.legacy_layout:
        settings["legacy_layout"] = True
    if name == "TEXT_DETECTION" and request.text_confidence:
        settings["text_confidence"] = True
    if FEATURES[name].takes_max_results:
        settings["max_results"] = request.max_results
    if name in _READS:
        settings["language_hints"] = sorted(set(request.language_hints))
    if name == "CROP_HINTS":
        settings["aspect_ratios"] = request.aspect_ratios
    if name == "WEB_DETECTION":
        settings["web_geo"] = request.web_geo
    return settings
