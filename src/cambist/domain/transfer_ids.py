"""Transfer ids from what a transfer is about, so that saying the same thing twice names the same transfer."""

from hashlib import blake2b


def transfer_id(*parts: str | bytes | int) -> int:
    """128-bit id of a money movement, a function of `parts` alone: the ledger refuses a second use, which makes retries harmless.

    Parts are length-prefixed and typed before hashing, so ("a", "bc") and ("ab", "c") differ. Never 0.
    """
    digest = blake2b(digest_size=16, person=b"cambist-transfer")
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        kind = b"b" if isinstance(part, bytes) else b"i" if isinstance(part, int) else b"s"
        digest.update(kind + len(data).to_bytes(8, "little") + data)
    return int.from_bytes(digest.digest(), "little") or 1


def keyed_transfer_id(kind: str, digest: bytes) -> int:
    """128-bit id from a digest that names one thing of a `kind` (at most 16 bytes), such as a coupon by the hash of its code.

    Fixed for ever: journals hold money under these ids.
    """
    return int.from_bytes(blake2b(digest, digest_size=16, person=kind.encode()).digest(), "big")
