"""What the header of an NRRD or MetaImage file promises, and whether its voxels are all there."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cldice_monai.errors import InputError

__all__ = ["META_ENDINGS", "NRRD_ENDINGS", "Claim", "read_claim", "require_complete"]

NRRD_ENDINGS = (".nrrd", ".nhdr")
META_ENDINGS = (".mha", ".mhd")

_BLOCK = 1 << 20
_LONGEST_HEADER = 1 << 16
_NRRD_BYTES = {
    **dict.fromkeys(("signed char", "int8", "int8_t", "uchar", "unsigned char", "uint8"), 1),
    **dict.fromkeys(("uint8_t", "char"), 1),
    **dict.fromkeys(("short", "short int", "signed short", "int16", "int16_t", "ushort"), 2),
    **dict.fromkeys(("unsigned short", "unsigned short int", "uint16", "uint16_t"), 2),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t", "uint", "unsigned int"), 4),
    **dict.fromkeys(("uint32", "uint32_t", "float"), 4),
    **dict.fromkeys(("longlong", "long long", "int64", "int64_t", "ulonglong", "uint64"), 8),
    **dict.fromkeys(("unsigned long long", "uint64_t", "double"), 8),
}
_META_BYTES = {
    **dict.fromkeys(("MET_CHAR", "MET_UCHAR"), 1),
    **dict.fromkeys(("MET_SHORT", "MET_USHORT"), 2),
    **dict.fromkeys(("MET_INT", "MET_UINT", "MET_FLOAT"), 4),
    **dict.fromkeys(("MET_LONG_LONG", "MET_ULONG_LONG", "MET_DOUBLE"), 8),
}
_META_STARTS = (b"ObjectType", b"NDims", b"Comment")
_PACKED = {"raw": None, "gzip": 31, "gz": 31}  # bits of zlib's window; 31 expects gzip's frame


@dataclass(frozen=True)
class Claim:
    """The voxels that a header promises.

    Attributes:
        path: the file with the header.
        sizes: numbers along all axes, channels included.
        n_bytes: bytes of the voxels, once they are inflated.
        data_path: file with the voxels; the same as ``path`` where they follow the header.
        offset: byte of ``data_path`` where they begin.
        window_bits: how zlib inflates them; None where they are not compressed.
    """

    path: Path
    sizes: tuple[int, ...]
    n_bytes: int
    data_path: Path
    offset: int
    window_bits: int | None


def read_claim(path: Path) -> Claim:
    """Read the header of an NRRD or MetaImage file; no voxel is touched.

    Args:
        path: a file of `NRRD_ENDINGS` or `META_ENDINGS`.

    Returns:
        What it promises.

    Raises:
        InputError: if the header is damaged, asks for a form that is not read here, or names a
            file of voxels that does not lie beside it.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_LONGEST_HEADER)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    is_nrrd = path.suffix.lower() in NRRD_ENDINGS
    try:
        claim = _nrrd_claim(path, start) if is_nrrd else _meta_claim(path, start)
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        if isinstance(error, InputError):
            raise
        raise _damaged(path, f"the header cannot be read ({error})") from error
    if min(claim.sizes, default=0) < 1 or len(claim.sizes) > 5:
        raise _damaged(path, f"the header gives impossible dimensions {list(claim.sizes)}")
    return claim


def require_complete(claim: Claim) -> None:
    """Check that all voxels are there and undamaged before anything reads them.

    Compressed voxels are inflated once, a megabyte at a time, and their checksum is compared:
    ITK takes what it gets.

    Raises:
        InputError: if they are cut off, damaged, or more than the header says.
    """
    try:
        n_bytes = claim.data_path.stat().st_size - claim.offset
        if claim.window_bits is None:
            if n_bytes < claim.n_bytes:
                raise _damaged(
                    claim.path,
                    f"the header promises {claim.n_bytes} bytes of voxels, the file holds "
                    f"{max(0, n_bytes)}",
                )
            return
        _inflate(claim)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(claim.path, "the voxels are cut off or changed") from error
    except OSError as error:
        raise InputError(
            f"{claim.data_path}: cannot be read ({error.strerror}); copy it beside its header"
        ) from error


def _inflate(claim: Claim) -> None:
    inflater = zlib.decompressobj(claim.window_bits or 0)
    found = 0
    with claim.data_path.open("rb") as file:
        file.seek(claim.offset)
        waiting = b""
        while not inflater.eof:
            waiting = waiting or file.read(_BLOCK)
            if not waiting:
                raise EOFError
            found += len(inflater.decompress(waiting, _BLOCK))
            waiting = inflater.unconsumed_tail
            if found > claim.n_bytes:
                raise _damaged(claim.path, f"holds more than the {claim.n_bytes} bytes it promises")
    if found < claim.n_bytes:
        raise EOFError


def _nrrd_claim(path: Path, start: bytes) -> Claim:
    if not start.startswith(b"NRRD000"):
        raise _damaged(path, "not an NRRD file")
    separator = b"\r\n\r\n" if b"\r\n\r\n" in start else b"\n\n"
    head, found, _ = start.partition(separator)
    fields = _fields(head.decode("ascii"), ":", skip="#")
    detached = fields.get("data file", fields.get("datafile"))
    if not found and not detached:
        raise _damaged(path, "the header has no end")
    encoding = fields["encoding"].lower()
    if encoding not in _PACKED:
        raise InputError(f"{path}: encoding {encoding} is not read; save it as raw or gzip")
    skipped = fields.get("line skip", "0"), fields.get("byte skip", "0")
    if skipped != ("0", "0"):
        raise InputError(f"{path}: skipped lines or bytes are not read; save it without them")
    if fields["type"] not in _NRRD_BYTES:
        raise InputError(f"{path}: voxels of type {fields['type']} are not read; convert them")
    sizes = tuple(int(word) for word in fields["sizes"].split())
    if len(sizes) != int(fields["dimension"]):
        raise ValueError("dimension and sizes differ")
    data_path = _beside(path, detached) if detached else path
    offset = 0 if detached else len(head) + len(separator)
    n_bytes = math.prod(sizes) * _NRRD_BYTES[fields["type"]]
    return Claim(path, sizes, n_bytes, data_path, offset, _PACKED[encoding])


def _meta_claim(path: Path, start: bytes) -> Claim:
    key = start.find(b"ElementDataFile")
    end = start.find(b"\n", key)
    if key < 0 or end < 0 or not start.startswith(_META_STARTS):
        raise _damaged(path, "not a MetaImage file, or its header has no end")
    fields = _fields(start[:end].decode("ascii"), "=")
    if fields.get("BinaryData", "True").lower() != "true":
        raise InputError(f"{path}: voxels written as text are not read; save them as binary")
    if fields["ElementType"] not in _META_BYTES:
        raise InputError(f"{path}: voxels of type {fields['ElementType']} are not read; convert it")
    sizes = tuple(int(word) for word in fields["DimSize"].split())
    if len(sizes) != int(fields["NDims"]):
        raise ValueError("NDims and DimSize differ")
    _require_positive(path, fields.get("ElementSpacing", fields.get("ElementSize", "")))
    channels = int(fields.get("ElementNumberOfChannels", "1"))
    sizes = sizes if channels == 1 else (*sizes, channels)
    local = fields["ElementDataFile"] == "LOCAL"
    data_path = path if local else _beside(path, fields["ElementDataFile"])
    offset = end + 1 if local else max(0, int(fields.get("HeaderSize", "0")))
    packed = fields.get("CompressedData", "False").lower() == "true"
    n_bytes = math.prod(sizes) * _META_BYTES[fields["ElementType"]]
    return Claim(path, sizes, n_bytes, data_path, offset, 47 if packed else None)


def _require_positive(path: Path, sizes: str) -> None:
    if not all(0 < float(size) < math.inf for size in sizes.split()):
        raise _damaged(path, f"the header gives impossible voxel sizes ({sizes})")


def _fields(text: str, separator: str, *, skip: str = "\0") -> Mapping[str, str]:
    found = {}
    for line in text.splitlines():
        name, between, value = line.partition(separator)
        if between and not line.startswith(skip):
            found[name.strip()] = value.removeprefix("=").strip()
    return found


def _beside(path: Path, name: str) -> Path:
    """Return the file of the voxels; a header must not make us read any other place."""
    plain = name.removeprefix("./")
    if Path(plain).name != plain or plain in ("", ".", "..") or " " in plain or "%" in plain:
        raise InputError(
            f"{path}: its voxels are in {name!r}, which is no single file beside it; "
            "save it as one file"
        )
    if plain.upper().startswith("LIST"):
        raise InputError(f"{path}: its voxels are in several files; save it as one file")
    return path.with_name(plain)


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{path}: {what}; copy or export the file again")
