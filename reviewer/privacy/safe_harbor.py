"""The 18 identifiers of HIPAA's Safe Harbor, 45 CFR 164.514(b)(2)(i), and what the detector makes of each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identifier:
    """One of the 18; `types` are the detector's, and `why_not` says what it leaves to others."""

    letter: str
    name: str
    types: tuple[str, ...]
    why_not: str = ""


SAFE_HARBOR = (
    Identifier("A", "Names", ("PERSON",)),
    Identifier("B", "Geographic subdivisions smaller than a state", ("LOCATION",)),
    Identifier("C", "Dates related to an individual, except the year; ages over 89", ("DATE_TIME", "AGE")),
    Identifier("D", "Telephone numbers", ("PHONE_NUMBER",)),
    Identifier("E", "Fax numbers", ("PHONE_NUMBER",)),
    Identifier("F", "Electronic mail addresses", ("EMAIL_ADDRESS",)),
    Identifier("G", "Social security numbers", ("US_SSN", "US_ITIN", "RS_JMBG", "UK_NINO", "IN_AADHAAR")),
    Identifier("H", "Medical record numbers", ("MEDICAL_RECORD_NUMBER", "UK_NHS")),
    Identifier("I", "Health plan beneficiary numbers", ("US_HEALTH_INSURANCE_MEMBER_ID", "US_MBI")),
    Identifier("J", "Account numbers", ("US_BANK_NUMBER", "IBAN_CODE", "CREDIT_CARD", "ABA_ROUTING_NUMBER", "CRYPTO")),
    Identifier(
        "K",
        "Certificate and license numbers",
        ("US_DRIVER_LICENSE", "US_PASSPORT", "US_NPI", "MEDICAL_LICENSE", "TAX_ID", "IN_PAN"),
    ),
    Identifier("L", "Vehicle identifiers and license plates", ("VEHICLE_VIN", "LICENSE_PLATE")),
    Identifier("M", "Device identifiers and serial numbers", ("DEVICE_ID", "MAC_ADDRESS")),
    Identifier("N", "Web universal resource locators", ("URL",)),
    Identifier("O", "Internet protocol addresses", ("IP_ADDRESS",)),
    Identifier(
        "P", "Biometric identifiers, voice prints among them", (), "not in text; clips of a voice are audio's part"
    ),
    Identifier("Q", "Full-face photographs", (), "not in text; the desk holds no pictures"),
    Identifier(
        "R", "Any other unique identifying number, characteristic or code", ("ID_NUMBER", "USERNAME", "PASSWORD", "NRP")
    ),
)
