"""What languages are called: English names of the codes that text is answered with."""

from __future__ import annotations

import re

# As Unicode's CLDR 47 has them: all of ISO 639-1, and what text recognition knows besides.
_NAMES = """
    aa Afar; ab Abkhazian; ae Avestan; af Afrikaans; ak Akan; am Amharic; an Aragonese; ar
    Arabic; as Assamese; av Avaric; ay Aymara; az Azerbaijani; ba Bashkir; be Belarusian; bg
    Bulgarian; bho Bhojpuri; bi Bislama; bm Bambara; bn Bangla; bo Tibetan; br Breton; bs
    Bosnian; ca Catalan; ce Chechen; ceb Cebuano; ch Chamorro; chr Cherokee; ckb Central
    Kurdish; co Corsican; cop Coptic; cr Cree; cs Czech; cu Church Slavic; cv Chuvash; cy Welsh;
    da Danish; de German; doi Dogri; dv Divehi; dz Dzongkha; ee Ewe; el Greek; en English; eo
    Esperanto; es Spanish; et Estonian; eu Basque; fa Persian; ff Fula; fi Finnish; fil
    Filipino; fj Fijian; fo Faroese; fr French; fy Western Frisian; ga Irish; gd Scottish
    Gaelic; gl Galician; gn Guarani; grc Ancient Greek; gu Gujarati; gv Manx; ha Hausa; haw
    Hawaiian; he Hebrew; hi Hindi; hmn Hmong; ho Hiri Motu; hr Croatian; ht Haitian Creole; hu
    Hungarian; hy Armenian; hz Herero; ia Interlingua; id Indonesian; ie Interlingue; ig Igbo;
    ii Sichuan Yi; ik Inupiaq; io Ido; is Icelandic; it Italian; iu Inuktitut; ja Japanese; jv
    Javanese; ka Georgian; kg Kongo; ki Kikuyu; kj Kuanyama; kk Kazakh; kl Kalaallisut; km
    Khmer; kn Kannada; ko Korean; kok Konkani; kr Kanuri; kri Krio; ks Kashmiri; ku Kurdish; kv
    Komi; kw Cornish; ky Kyrgyz; la Latin; lb Luxembourgish; lg Ganda; li Limburgish; ln
    Lingala; lo Lao; lt Lithuanian; lu Luba-Katanga; lus Mizo; lv Latvian; mai Maithili; mg
    Malagasy; mh Marshallese; mi Māori; mk Macedonian; ml Malayalam; mn Mongolian; mni Manipuri;
    mr Marathi; ms Malay; mt Maltese; my Burmese; na Nauru; nb Norwegian Bokmål; nd North
    Ndebele; ne Nepali; ng Ndonga; nl Dutch; nn Norwegian Nynorsk; no Norwegian; nr South
    Ndebele; nso Northern Sotho; nv Navajo; ny Nyanja; oc Occitan; oj Ojibwa; om Oromo; or Odia;
    os Ossetic; pa Punjabi; pi Pali; pl Polish; ps Pashto; pt Portuguese; qu Quechua; rm
    Romansh; rn Rundi; ro Romanian; ru Russian; rw Kinyarwanda; sa Sanskrit; sah Yakut; sc
    Sardinian; sd Sindhi; se Northern Sami; sg Sango; si Sinhala; sk Slovak; sl Slovenian; sm
    Samoan; sn Shona; so Somali; sq Albanian; sr Serbian; ss Swati; st Southern Sotho; su
    Sundanese; sv Swedish; sw Swahili; syr Syriac; ta Tamil; te Telugu; tet Tetum; tg Tajik; th
    Thai; ti Tigrinya; tk Turkmen; tn Tswana; to Tongan; tpi Tok Pisin; tr Turkish; ts Tsonga;
    tt Tatar; tw Twi; ty Tahitian; ug Uyghur; uk Ukrainian; ur Urdu; uz Uzbek; ve Venda; vi
    Vietnamese; vo Volapük; wa Walloon; war Waray; wo Wolof; xh Xhosa; yi Yiddish; yo Yoruba;
    yue Cantonese; za Zhuang; zh Chinese; zu Zulu
"""
# Of old codes, and of the ones that stand where no one language does (ISO 639-2).
_OTHERS = {
    "iw": "Hebrew (iw)",
    "in": "Indonesian (in)",
    "jw": "Javanese (jw)",
    "mul": "Multiple languages",
    "tl": "Filipino (tl)",
    "und": "Undetermined",
    "zxx": "No linguistic content",
}
_SCRIPTS = {
    "Arab": "Arabic",
    "Cyrl": "Cyrillic",
    "Deva": "Devanagari",
    "Hans": "Simplified",
    "Hant": "Traditional",
    "Latn": "Latin",
}
_KNOWN = _OTHERS | {code: " ".join(name) for code, *name in map(str.split, _NAMES.split(";"))}
_TAG = re.compile(r"([a-z]{2,3})-([A-Za-z0-9-]{1,20})")


def language_name(code: str) -> str:
    """What people read for a BCP 47 code: the code itself where it is not known.

    No two codes have one name: bars and filters are told apart by it.

    >>> language_name("zh-Hant"), language_name("pt-BR"), language_name("qwx")
    ('Chinese (Traditional)', 'Portuguese (BR)', 'qwx')
    """
    tag = _TAG.fullmatch(code)
    if tag is None or tag[1] not in _KNOWN:
        return _KNOWN.get(code, code)
    return f"{_KNOWN[tag[1]]} ({_SCRIPTS.get(tag[2], tag[2])})"
