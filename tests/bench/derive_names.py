"""Derive the lists of names and places in resources/privacy from Faker and from CLDR.

    python -m venv /tmp/lists && /tmp/lists/bin/pip install Faker==40.63.0 babel==2.19.0
    /tmp/lists/bin/python tests/bench/derive_names.py

Neither is needed to run or to test the product. Faker's providers are MIT, Copyright (c) 2012 Daniele Faraglia; CLDR is
under the Unicode License v3, read here through Babel (BSD-3-Clause). One word a line, in lower case, accents kept.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

RESOURCES = Path(__file__).parents[2] / "resources" / "privacy"

_NO_PLACES = frozenset(("EU", "UN", "EZ", "QO", "ZZ", "XA", "XB"))


def main() -> None:
    """Write the lists."""
    given, family = set[str](), set[str]()
    for provider in _providers("person"):
        for name, values in vars(provider).items():
            if isinstance(values, property):
                continue
            if name.startswith("first_names"):
                given |= set(_words(values))
            elif name.startswith("last_names"):
                family |= set(_words(values))
    _write("given_names.txt", given)
    _write("surnames.txt", family)

    from babel import Locale  # type: ignore[import-not-found,unused-ignore]

    english, serbian = Locale("en"), Locale("sr", script="Latn")
    for name, locale in (("places.en.txt", english), ("places.sr.txt", serbian)):
        found = {
            str(place) for code, place in locale.territories.items() if not code.isdigit() and code not in _NO_PLACES
        }
        found |= {str(zone["city"]) for zone in locale.time_zones.values() if "city" in zone}
        _write(name, {place.lower() for place in found if len(place) > 2})
    cities = {str(city).lower() for provider in _providers("address") for city in _listed(provider, "cities")}
    _write("cities.txt", {city for city in cities if _latin(city) and len(city) > 3})


def _providers(kind: str) -> Iterator[type]:
    package = importlib.import_module(f"faker.providers.{kind}")
    for module in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"faker.providers.{kind}.{module.name}").Provider


def _listed(provider: type, name: str) -> Iterable[str]:
    values = getattr(provider, name, ())
    return values if isinstance(values, (tuple, list)) else ()


def _words(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        word = value.strip().lower()
        if len(word) > 1 and " " not in word and "." not in word and _latin(word):
            yield word


def _latin(word: str) -> bool:
    return all(c in " -'’." or (c.isalpha() and ord(c) < 0x250) for c in word)


def _write(name: str, words: Iterable[str]) -> None:
    chosen = sorted(set(words))
    (RESOURCES / name).write_text("\n".join(chosen) + "\n", "utf-8")
    sys.stdout.write(f"{name}: {len(chosen)}\n")


if __name__ == "__main__":
    main()
