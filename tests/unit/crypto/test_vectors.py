"""Published vectors through our own functions: a wrong order of arguments or a dropped byte would show here."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from reviewer.crypto import hpke, sealing
from reviewer.crypto.signatures import is_valid
from reviewer.domain.errors import SealBrokenError

_ALGORITHM = b"\x01"

# NIST CAVP, gcmtestvectors.zip, gcmEncryptExtIV256.rsp: key, nonce, plaintext, additional data, ciphertext, tag.
_GOOD = (
    (
        "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
        "516c33929df5a3284ff463d7",
        "",
        "",
        "",
        "bdc1ac884d332457a1d2664f168c76f0",
    ),
    (
        "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
        "0d18e06c7c725ac9e362e1ce",
        "2db5168e932556f8089a0622981d017d",
        "",
        "fa4362189661d163fcd6a56d8bf0405a",
        "d636ac1bbedd5cc3ee727dc2ab4a9489",
    ),
    (
        "92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b",
        "ac93a1a6145299bde902f21a",
        "2d71bcfa914e4ac045b2aa60955fad24",
        "1e0889016f67601c8ebea4943bc23ad6",
        "8995ae2e6df3dbf96fac7b7137bae67f",
        "eca5aa77d51d4a0a14d9c51e1da474ab",
    ),
    (
        "69b458f2644af9020463b40ee503cdf083d693815e2659051ae0d039e606a970",
        "8d1da8ab5f91ccd09205944b",
        "f3e0e09224256bf21a83a5de8d",
        "036ad5e5494ef817a8af2f5828784a4bfedd1653",
        "c0a62d77e6031bfdc6b13ae217",
        "a794a9aaee48cd92e47761bf1baff0af",
    ),
    (
        "dc776f0156c15d032623854b625c61868e5db84b7b6f9fbd3672f12f0025e0f6",
        "67130951c4a57f6ae7f13241",
        "9378a727a5119595ad631b12a5a6bc8a91756ef09c8d6eaa2b718fe86876da20",
        "fd0920faeb7b212932280a009bac969145e5c316cf3922622c3705c3457c4e9f124b2076994323fbcfb523f8ed16d241",
        "6d958c20870d401a3c1f7a0ac092c97774d451c09f7aae992a8841ff0ab9d60d",
        "b876831b4ecd7242963b040aa45c4114",
    ),
    (
        "148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691",
        "b08a5ea1927499c6ecbfd4e0",
        "9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434420fe42c275a7cd7b39d638fb81ca52b49dc41",
        (
            "e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747e01a5ca572347e247d25f56ba7ae8e05"
            "cde2be3c97931292c02370208ecd097ef692687fecf2f419d3200162a6480a57dad408a0dfeb492e2c5d"
        ),
        "2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e62843716f215f82ee663919c64002a5c198d7878fd3f",
        "adbecdb0d5c2224d804d2886ff9a5760",
    ),
)
# NIST CAVP, gcmDecrypt256.rsp, marked FAIL: key, nonce, ciphertext, additional data, tag.
_FORGED = (
    (
        "e5a8123f2e2e007d4e379ba114a2fb66e6613f57c72d4e4f024964053028a831",
        "51e43385bf533e168427e1ad",
        "",
        "",
        "38fe845c66e66bdd884c2aecafd280e6",
    ),
    (
        "ba735ce787301a094c7c7e385cebb6e962a4a95bc961e820f1d2705180fef9d6",
        "2c3dfed0e93cd6130ad42535",
        "a3c54e0ea1b9b48d9b222b8a7d1073ba",
        "714b1fa6c4a6199d6c74ecfb8292d4e9de8273288726d5afe82df5588260b69cdcf147a6124c438c17d5cbd4a7d2d9c0",
        "a31a70b9fa1569e1e0a5ec35449ae126",
    ),
    (
        "b8b524f0bf5770242b703f64be5d6a57ef0457f15900fc4bac061fe5b615fcea",
        "de5a425aeb0aa1f71bbddcea",
        "f25cfad9f871263a26bf3f518fdd17ff4a386f0beeea84b7ad02e8c9e93a86c6",
        "061c9a235237d87e8f750b2239f23e67",
        "9d198f6bd17d0bb87767107973342f1f",
    ),
)
# RFC 8032, section 7.1, TEST 1 to 3: secret key, public key, message, signature.
_RFC_8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
)

# Project Wycheproof, testvectors_v1/ed25519_test.json; every one is marked invalid there. Its key, then test number,
# message and signature: s = 0, s = L, truncated, garbage at the end, R with a bit changed, s + L.
_WYCHEPROOF_KEY = "7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa"
_WYCHEPROOF_VALID = (
    "54657374",
    (
        "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab0"
        "7a9155711ecfaf7f99f277bad0c6ae7e39d4eef676573336a5c51eb6f946b30d"
    ),
)
_WYCHEPROOF_INVALID = (
    (10, "3f", "00" * 64),
    (
        18,
        "3f",
        "01" + "00" * 31 + "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
    ),
    (
        32,
        "54657374",
        (
            "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab0"
            "7a9155711ecfaf7f99f277bad0c6ae7e39d4eef676573336a5c51eb6f946"
        ),
    ),
    (
        33,
        "54657374",
        (
            "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab0"
            "7a9155711ecfaf7f99f277bad0c6ae7e39d4eef676573336a5c51eb6f946b30d2020"
        ),
    ),
    (
        42,
        "313233343030",
        (
            "647c1492402ab5ce03e2c3a7f0384d051b9cf3570f1207fc78c1bcc98c281c2b"
            "1d125e5538f38afbcc1c84e489521083041d24bc6240767029da063271a1ff0c"
        ),
    ),
    (
        63,
        "54657374",
        (
            "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab0"
            "67654bce3832c2d76f8f6f5dafc08d9339d4eef676573336a5c51eb6f946b31d"
        ),
    ),
)

# https://github.com/cfrg/draft-irtf-cfrg-hpke, test-vectors.json (those of RFC 9180, appendix A, and more): mode_base,
# DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
_HPKE_INFO = "4f6465206f6e2061204772656369616e2055726e"
_HPKE_PRIVATE = "497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d"
_HPKE_PUBLIC = "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c"
_HPKE_ENCAPSULATED = "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"
_HPKE_KEY = "f50b0609186798729ed0564b36ef2ef8044f1f9d05636874d1f46c819c7a669f"
_HPKE_NONCE = "151d9929e2449747889bc923"
_HPKE_PLAINTEXT = "4265617574792069732074727574682c20747275746820626561757479"
_HPKE_FIRST_AAD = "436f756e742d30"
_HPKE_FIRST = "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"

# RFC 9106, section 5.3, as OpenSSL and pyca/cryptography carry it without secret and additional data.
_ARGON2ID = "03aab965c12001c9d7d0d2de33192c0494b684bb148196d73c1df1acaf6d0c2e"


def _bytes(*hexes: str) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, hexes))


@pytest.fixture
def unbound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the byte of the algorithm out of what our sealing authenticates: published vectors do not have it."""

    class Published:
        def __init__(self, key: bytes) -> None:
            self._cipher = AESGCM(key)

        def encrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
            return self._cipher.encrypt(nonce, data, bound.removeprefix(_ALGORITHM))

        def decrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
            return self._cipher.decrypt(nonce, data, bound.removeprefix(_ALGORITHM))

    monkeypatch.setattr(sealing, "AESGCM", Published)


@pytest.mark.usefixtures("unbound")
@pytest.mark.parametrize("vector", _GOOD, ids=lambda vector: vector[0][:8])
def test_sealing_gives_the_published_ciphertexts(vector: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    key, nonce, plaintext, bound, ciphertext, tag = _bytes(*vector)
    monkeypatch.setattr("secrets.token_bytes", {len(nonce): nonce}.__getitem__)
    sealer = sealing.Sealer(key)
    assert sealer.seal(plaintext, bound) == _ALGORITHM + nonce + ciphertext + tag
    assert sealer.open(_ALGORITHM + nonce + ciphertext + tag, bound) == plaintext


@pytest.mark.usefixtures("unbound")
@pytest.mark.parametrize("vector", _FORGED, ids=lambda vector: vector[0][:8])
def test_the_published_forgeries_do_not_open(vector: tuple[str, ...]) -> None:
    key, nonce, ciphertext, bound, tag = _bytes(*vector)
    with pytest.raises(SealBrokenError):
        sealing.Sealer(key).open(_ALGORITHM + nonce + ciphertext + tag, bound)


@pytest.mark.parametrize("vector", _RFC_8032, ids=lambda vector: vector[0][:8])
def test_signatures_are_those_of_rfc_8032(vector: tuple[str, ...]) -> None:
    private, public, message, signature = _bytes(*vector)
    assert Ed25519PrivateKey.from_private_bytes(private).sign(message) == signature
    assert is_valid(public, message, signature)
    assert not is_valid(public, message + b"\0", signature)


@pytest.mark.parametrize("vector", _WYCHEPROOF_INVALID, ids=lambda vector: f"tc{vector[0]}")
def test_wycheproofs_invalid_signatures_are_refused(vector: tuple[int, str, str]) -> None:
    _, message, signature = vector
    assert is_valid(bytes.fromhex(_WYCHEPROOF_KEY), *_bytes(*_WYCHEPROOF_VALID))
    assert not is_valid(bytes.fromhex(_WYCHEPROOF_KEY), *_bytes(message, signature))


def test_sealed_keys_open_as_in_the_vectors_of_hpke() -> None:
    private, info, encapsulated, key, nonce, plaintext = _bytes(
        _HPKE_PRIVATE, _HPKE_INFO, _HPKE_ENCAPSULATED, _HPKE_KEY, _HPKE_NONCE, _HPKE_PLAINTEXT
    )
    receiver = X25519PrivateKey.from_private_bytes(private)
    assert receiver.public_key().public_bytes_raw().hex() == _HPKE_PUBLIC
    first = AESGCM(key).encrypt(nonce, plaintext, bytes.fromhex(_HPKE_FIRST_AAD))
    assert first.hex() == _HPKE_FIRST  # so key and nonce are those of the key schedule
    # The vectors authenticate a counter; we seal one message without. Key and nonce are the same.
    sealed = AESGCM(key).encrypt(nonce, plaintext, None)
    assert hpke.open_with(receiver, _ALGORITHM + encapsulated + sealed, info) == plaintext


def test_what_we_seal_to_a_key_opens_with_that_key_only() -> None:
    receiver = X25519PrivateKey.from_private_bytes(bytes.fromhex(_HPKE_PRIVATE))
    sealed = hpke.seal_to(receiver.public_key(), b"key", b"info")
    assert hpke.open_with(receiver, sealed, b"info") == b"key"
    for wrong in ((X25519PrivateKey.generate(), sealed, b"info"), (receiver, sealed, b"other"), (receiver, b"", b"")):
        with pytest.raises(SealBrokenError):
            hpke.open_with(*wrong)


def test_a_sealed_key_with_a_point_of_small_order_does_not_open() -> None:
    receiver = X25519PrivateKey.generate()
    sealed = hpke.seal_to(receiver.public_key(), b"key", b"info")
    with pytest.raises(SealBrokenError):
        hpke.open_with(receiver, sealed[:1] + bytes(32) + sealed[33:], b"info")


def test_passphrases_are_stretched_by_argon2id() -> None:
    made = Argon2id(salt=b"\x02" * 16, length=32, iterations=3, lanes=4, memory_cost=32).derive(b"\x01" * 32)
    assert made.hex() == _ARGON2ID
