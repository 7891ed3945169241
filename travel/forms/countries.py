"""Which country does somebody mean, by whichever name they know it?"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from django import forms
from django_countries import countries

NOT_ABROAD = "Abroad is anywhere outside the United Kingdom. Leave out the part of your journey in the United Kingdom"
OUR_OWN = (
    "gb", "uk", "united kingdom", "great britain", "britain", "england", "wales", "scotland", "northern ireland",
    "london",
)  # fmt: skip
# What people type → the country they mean, where the list calls it by another name.  The keys are folded.
SYNONYMS = {
    "abu dhabi": "AE",
    "america": "US",
    "azores": "PT",
    "bahamas": "BS",
    "bosnia": "BA",
    "british virgin islands": "VG",
    "brunei darussalam": "BN",
    "burma": "MM",
    "canary islands": "ES",
    "cape verde": "CV",
    "congo brazzaville": "CG",
    "congo kinshasa": "CD",
    "cote divoire": "CI",
    "czech republic": "CZ",
    "democratic peoples republic of korea": "KP",
    "dprk": "KP",
    "dr congo": "CD",
    "drc": "CD",
    "dubai": "AE",
    "east timor": "TL",
    "eire": "IE",
    "emirates": "AE",
    "falklands": "FK",
    "gaza": "PS",
    "holland": "NL",
    "holy see": "VA",
    "hong kong sar": "HK",
    "ivory coast": "CI",
    "korea north": "KP",
    "korea south": "KR",
    "lao": "LA",
    "macau": "MO",
    "macedonia": "MK",
    "madeira": "PT",
    "nauru": "NR",
    "northern cyprus": "CY",
    "occupied palestinian territories": "PS",
    "palestinian territories": "PS",
    "peoples republic of china": "CN",
    "prc": "CN",
    "republic of china": "TW",
    "republic of ireland": "IE",
    "republic of korea": "KR",
    "republic of the congo": "CG",
    "rok": "KR",
    "russian federation": "RU",
    "south georgia and south sandwich islands": "GS",
    "swaziland": "SZ",
    "syrian arab republic": "SY",
    "turkey": "TR",
    "turkiye": "TR",
    "uae": "AE",
    "united states": "US",
    "us": "US",
    "us virgin islands": "VI",
    "usa": "US",
    "vatican": "VA",
    "viet nam": "VN",
    "west bank": "PS",
    "zaire": "CD",
}


def fold(text: str) -> str:
    """Return a name without what people write in different ways: capitals, accents, stops, "St", "the"."""
    bare = "".join(one for one in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(one))
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"['’.]", "", bare).replace("&", " and ")).split()
    words = ["saint" if word == "st" else word for word in words]
    return " ".join(words[1:] if words[:1] == ["the"] and words[1:] else words)


@lru_cache(maxsize=1)
def country_choices() -> list[tuple[str, str]]:
    """Every country but our own, by name."""
    return [("", ""), *((code, name) for code, name in countries if code != "GB")]


@lru_cache(maxsize=1)
def codes_by_name() -> dict[str, str]:
    """The code of every country, by each name that it goes by."""
    return {fold(name): code for code, name in country_choices() if code} | SYNONYMS


def is_our_own(typed: str) -> bool:
    return fold(typed) in OUR_OWN


class CountryField(forms.ChoiceField):
    """A country from the list, or by a name that is exactly one of those it goes by."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=country_choices, **kwargs)

    @staticmethod
    def code_of(typed: Any) -> Any:
        """The code of the country that is meant; what names none stays as it was typed."""
        if not isinstance(typed, str) or typed in codes_by_name().values():
            return typed
        return codes_by_name().get(fold(typed), typed)

    def to_python(self, value: Any) -> str:
        return super().to_python(self.code_of(value))

    def bound_data(self, data: Any, initial: Any) -> Any:
        return self.code_of(data)
