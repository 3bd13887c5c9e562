"""Check digits and shapes of numbers that carry them; every function takes digits (and letters) without separators."""

import re
from datetime import date

_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18,
    "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23,
    "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21,
    "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28,
    "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24,
    "TR": 26, "UA": 29, "VG": 24, "XK": 20,
}  # fmt: skip
_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, *range(2, 10)], strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def luhn(digits: str) -> bool:
    """Tell whether the last digit checks the others (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def card(digits: str) -> bool:
    """Tell whether this can be the number of a payment card."""
    return 12 <= len(digits) <= 19 and digits[0] in "123456" and len(set(digits)) > 1 and luhn(digits)


def iban(text: str) -> bool:
    """Tell whether this is an IBAN (ISO 13616: a length by country, modulo 97)."""
    if _IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def serbian_account(digits: str) -> bool:
    """Tell whether this is a Serbian bank account: 3 digits of the bank, 13 of the account, 2 of control (modulo 97)."""
    return len(digits) == 18 and int(digits) % 97 == 1


def jmbg(digits: str) -> bool:
    """Tell whether this is a citizen's number of Serbia and its neighbours: a date of birth, and modulo 11."""
    if len(digits) != 13:
        return False
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:7])
    if not real_date(year + (1000 if year > 800 else 2000), month, day):
        return False
    total = sum(weight * int(digit) for weight, digit in zip((7, 6, 5, 4, 3, 2) * 2, digits, strict=False))
    control = 11 - total % 11
    return int(digits[12]) == (0 if control > 9 else control)


def npi(digits: str) -> bool:
    """Tell whether this is a National Provider Identifier (45 CFR 162.406: Luhn over 80840 and the number)."""
    return len(digits) == 10 and digits[0] in "12" and luhn("80840" + digits)


def nhs(digits: str) -> bool:
    """Tell whether this is an NHS number (modulo 11)."""
    if len(digits) != 10:
        return False
    control = 11 - sum(int(d) * (10 - i) for i, d in enumerate(digits[:9])) % 11
    return control != 10 and int(digits[9]) == control % 11


def routing(digits: str) -> bool:
    """Tell whether this is an ABA routing number (weights 3, 7, 1)."""
    return (
        len(digits) == 9 and int(digits) > 0 and sum(int(d) * (3, 7, 1)[i % 3] for i, d in enumerate(digits)) % 10 == 0
    )


def ssn(digits: str) -> bool:
    """Tell whether this can be a Social Security number: parts that were never given out are refused."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def itin(digits: str) -> bool:
    """Tell whether this can be an Individual Taxpayer Identification Number."""
    return digits[0] == "9" and (50 <= int(digits[3:5]) <= 65 or 70 <= int(digits[3:5]) <= 99)


def vin(text: str) -> bool:
    """Tell whether the ninth character checks a vehicle identification number (49 CFR 565.15)."""
    values = [int(c) if c.isdigit() else _VIN_VALUES.get(c, -1) for c in text.upper()]
    if len(values) != 17 or -1 in values:
        return False
    rest = sum(value * weight for value, weight in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    return text[8].upper() == ("X" if rest == 10 else str(rest))


def real_date(year: int, month: int, day: int) -> bool:
    """Tell whether the calendar has this day."""
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def numeric_date(text: str) -> bool:
    """Tell whether figures with separators read as a day of the calendar, in any order in use."""
    parts = [int(part) for part in re.split(r"\D+", text.strip()) if part]
    if len(parts) != 3:
        return False
    first, second, third = parts
    if first > 31:
        return 1000 <= first <= 2999 and real_date(first, second, third)
    year = third + (2000 if third < 50 else 1900) if third < 100 else third
    return 1800 <= year <= 2200 and (real_date(year, second, first) or real_date(year, first, second))
