"""A small signed Debian archive on disk, made afresh: real packages, a real index, a real OpenPGP signature.

It lets apt's verification be tested without a network and without gpg, which a bare machine does not have. Only what
such an archive needs of OpenPGP is here: one RSA key, its self-certification, one clear-text signature.
"""

from __future__ import annotations

import base64
import hashlib
import random
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from typing import Final

_EXPONENT: Final = 65537
_SHA256_PREFIX: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_USER: Final = b"A test archive <archive@example.org>"
_SMALL_PRIMES: Final = [n for n in range(3, 2000) if all(n % d for d in range(2, int(n**0.5) + 1))]


@dataclass(frozen=True)
class Key:
    """An RSA signing key of 2048 bits, for this test run only."""

    modulus: int
    private: int
    created: int

    @classmethod
    def make(cls) -> Key:
        first, second = _prime(), _prime()
        private = pow(_EXPONENT, -1, (first - 1) * (second - 1))
        # Younger than its signatures, which apt would take for a clock that is wrong.
        return cls(first * second, private, int(time.time()) - 5 * 365 * 24 * 3600)

    def keyring(self) -> bytes:
        """What goes into a file for `Signed-By`."""
        certified = b"\x99" + len(self._public).to_bytes(2) + self._public + b"\xb4" + len(_USER).to_bytes(4) + _USER
        certification = self._signature(0x13, certified, self.created, b"\x02\x1b\x03")
        return _packet(6, self._public) + _packet(13, _USER) + _packet(2, certification)

    def sign(self, text: str, at: datetime) -> str:
        """The text, clear-signed."""
        canonical = "\r\n".join(line.rstrip() for line in text.rstrip("\n").split("\n")).encode()
        packet = _packet(2, self._signature(0x01, canonical, int(at.timestamp()), b""))
        encoded = base64.encodebytes(packet).decode()
        check = base64.b64encode(_crc24(packet).to_bytes(3)).decode()
        return (
            f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text.rstrip()}\n"
            f"-----BEGIN PGP SIGNATURE-----\n\n{encoded}={check}\n-----END PGP SIGNATURE-----\n"
        )

    @cached_property
    def _public(self) -> bytes:
        return b"\x04" + self.created.to_bytes(4) + b"\x01" + _number(self.modulus) + _number(_EXPONENT)

    def _signature(self, kind: int, signed: bytes, at: int, more: bytes) -> bytes:
        fingerprint = hashlib.sha1(b"\x99" + len(self._public).to_bytes(2) + self._public).digest()
        hashed = b"\x05\x02" + at.to_bytes(4) + b"\x16\x21\x04" + fingerprint + more
        head = bytes([4, kind, 1, 8]) + len(hashed).to_bytes(2) + hashed
        digest = hashlib.sha256(signed + head + b"\x04\xff" + len(head).to_bytes(4)).digest()
        length = (self.modulus.bit_length() + 7) // 8
        inner = _SHA256_PREFIX + digest
        padded = b"\x00\x01" + b"\xff" * (length - len(inner) - 3) + b"\x00" + inner
        value = pow(int.from_bytes(padded), self.private, self.modulus)
        return head + b"\x00\x0a\x09\x10" + fingerprint[-8:] + digest[:2] + _number(value)


def build_package(folder: Path, name: str, version: str, files: dict[str, str], depends: str = "") -> Path:
    """A .deb with executable scripts, by their paths."""
    tree = folder / f"tree-{name}-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    fields = {
        "Package": name,
        "Version": version,
        "Architecture": "all",
        "Maintainer": "Nobody <nobody@example.org>",
        "Description": "for a test",
        **({"Depends": depends} if depends else {}),
    }
    (tree / "DEBIAN/control").write_text("".join(f"{field}: {value}\n" for field, value in fields.items()))
    for path, script in files.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(script)
        target.chmod(0o755)
    archive = folder / f"{name}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, archive], check=True, capture_output=True)
    return archive


def publish(root: Path, packages: list[Path], key: Key, at: datetime, valid: timedelta = timedelta(days=7)) -> str:
    """Lay out and sign the archive under `root`, as it was at that time. Returns its URL."""
    entries = []
    for package in packages:
        pool = root / "pool" / package.name
        pool.parent.mkdir(parents=True, exist_ok=True)
        pool.write_bytes(package.read_bytes())
        control = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True, text=True).stdout
        digest = hashlib.sha256(pool.read_bytes()).hexdigest()
        entries.append(f"{control}Filename: pool/{package.name}\nSize: {pool.stat().st_size}\nSHA256: {digest}\n")
    native = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    index = Path(f"main/binary-{native}/Packages")
    suite = root / "dists/forky"
    (suite / index).parent.mkdir(parents=True, exist_ok=True)
    (suite / index).write_text("\n".join(entries))
    contents = (suite / index).read_bytes()
    release = (
        f"Origin: Debian\nLabel: Debian\nSuite: testing\nCodename: forky\n"
        f"Date: {_rfc(at)}\nValid-Until: {_rfc(at + valid)}\nArchitectures: {native}\nComponents: main\n"
        f"SHA256:\n {hashlib.sha256(contents).hexdigest()} {len(contents)} {index}\n"
    )
    (suite / "InRelease").write_text(key.sign(release, at))
    return f"file://{root}"


def _rfc(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC)).replace("+0000", "UTC")


def _number(value: int) -> bytes:
    bits = value.bit_length()
    return bits.to_bytes(2) + value.to_bytes((bits + 7) // 8)


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag]) + b"\xff" + len(body).to_bytes(4) + body


def _crc24(data: bytes) -> int:
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc


def _prime() -> int:
    chance = random.SystemRandom()
    while True:
        candidate = chance.getrandbits(1024) | (3 << 1022) | 1
        if all(candidate % prime for prime in _SMALL_PRIMES) and (candidate - 1) % _EXPONENT and _probably(candidate):
            return candidate


def _probably(candidate: int) -> bool:
    odd, twos = candidate - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(12):
        power = pow(random.SystemRandom().randrange(2, candidate - 1), odd, candidate)
        if power in {1, candidate - 1}:
            continue
        for _ in range(twos - 1):
            power = power * power % candidate
            if power == candidate - 1:
                break
        else:
            return False
    return True
