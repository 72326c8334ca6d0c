"""Hundreds of damaged image files, each damaged in one known way."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import tifffile

from cldice_monai.data.itk_module import load_itk

__all__ = ["write_damaged"]

_RNG = np.random.default_rng(0)
_VOXELS = _RNG.integers(0, 900, (20, 18, 16)).astype(np.int16)
_PACKED = ("nii.gz", "nrrd", "mha")
_SOUND = ("nii", *_PACKED, "tif", "raw.nrrd", "raw.mha")
_BOMB = 64 << 20


def write_damaged(folder: Path) -> list[str]:
    """Fill a folder with damaged files.

    Args:
        folder: is made.

    Returns:
        Their names.
    """
    folder.mkdir()
    sound = _sound_files(folder)
    named: dict[str, bytes] = {}
    for content_of in (_truncated, _flipped, _wrong_magic, _text_changed, _nifti_changed, _bombs):
        named |= dict(content_of(sound))
    for name, content in named.items():
        (folder / name).write_bytes(content)
    return sorted(named)


def _sound_files(folder: Path) -> dict[str, bytes]:
    itk = load_itk()
    image = itk.image_from_array(_VOXELS)
    for ending in ("nrrd", "mha"):
        itk.imwrite(image, str(folder / f"sound.{ending}"), compression=True)
        itk.imwrite(image, str(folder / f"sound.raw.{ending}"), compression=False)
    for ending in ("nii", "nii.gz"):
        nib.save(nib.Nifti1Image(_VOXELS, np.diag([1, 1, 2, 1])), folder / f"sound.{ending}")
    tifffile.imwrite(folder / "sound.tif", _VOXELS.astype(np.uint16), photometric="minisblack")
    contents = {ending: (folder / f"sound.{ending}").read_bytes() for ending in _SOUND}
    for ending in _SOUND:
        (folder / f"sound.{ending}").unlink()
    return contents


def _name(what: str, ending: str) -> str:
    return f"{what}_{ending.replace('.', '')}.{ending.removeprefix('raw.')}"


def _truncated(sound: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for ending, content in sound.items():
        for n in range(20):
            keep = 0 if n == 0 else int(n * (len(content) - 1) / 20)
            yield _name(f"cut{n}", ending), content[:keep]


def _flipped(sound: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for ending in _PACKED:
        for n in range(25):
            content = bytearray(sound[ending])
            at = len(content) - 20 - 97 * n  # within the packed voxels, which have a checksum
            content[at] ^= 1 << (n % 8)
            yield _name(f"flip{n}", ending), bytes(content)


def _wrong_magic(sound: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for ending, content in sound.items():
        for n, start in enumerate(
            (b"\0" * 16, b"PK\x03\x04" * 4, b"%PDF-1.7 not this", b"\xff" * 9)
        ):
            yield _name(f"magic{n}", ending), start + content[len(start) :]


def _text_changed(sound: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Headers that are text: absurd dimensions, spacings, places of the voxels."""
    nrrd = {
        "sizes": ("sizes: 16 18 20", ("-16 18 20", "0 18 20", "999999999 18 20", "1 1 1 1", "x")),
        "dim": ("dimension: 3", ("dimension: 99999", "dimension: -3")),
        "kind": ("type: short", ("type: block", "type: nonsense")),
        "axes": ("(1,0,0)", ("(0,0,0)", "(nan,0,0)", "(0,1,0)")),
        "code": ("encoding: ", ("encoding: bzip2 ", "encoding: hex")),
    }
    meta = {
        "sizes": ("DimSize = 16 18 20", ("-16 18 20", "0 18 20", "999999999 18 20", "1 1", "x")),
        "dim": ("NDims = 3", ("NDims = 99999", "NDims = -3")),
        "kind": ("MET_SHORT", ("MET_NONSENSE",)),
        "space": ("ElementSpacing = 1 1 1", ("-1 1 1", "0 1 1", "nan 1 1")),
        "axes": ("TransformMatrix = 1 0 0 0 1 0 0 0 1", ("0 0 0 0 0 0 0 0 0", "1 0 0 1 0 0 0 0 1")),
        "place": ("LOCAL", ("/etc/passwd", "../outside.raw", "LIST", "a%03d.raw 1 9 1")),
    }
    for endings, changes in ((("nrrd", "raw.nrrd"), nrrd), (("mha", "raw.mha"), meta)):
        for ending in endings:
            for what, (before, afters) in changes.items():
                for n, after in enumerate(afters):
                    head = before.split(":")[0] + ": " if ":" in before else ""
                    head = before.split("=")[0] + "= " if "=" in before else head
                    new = (
                        after if after.startswith(head.split(" ")[0]) or not head else head + after
                    )
                    changed = sound[ending].replace(before.encode(), new.encode(), 1)
                    yield _name(f"{what}{n}", ending), changed


def _nifti_changed(sound: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Fields of the NIfTI header: where, how they are packed, and what is written there."""
    changes: list[tuple[str, int, str, tuple[float, ...]]] = [
        ("dims", 40, "<8h", (3, -20, 18, 16, 1, 1, 1, 1)),
        ("zero", 40, "<8h", (3, 0, 18, 16, 1, 1, 1, 1)),
        ("many", 40, "<8h", (77, 20, 18, 16, 1, 1, 1, 1)),
        ("huge", 40, "<8h", (3, 32767, 32767, 32767, 1, 1, 1, 1)),
        ("time", 40, "<8h", (5, 20, 18, 2, 2, 4, 1, 1)),
        ("kind", 70, "<h", (9999,)),
        ("rgb", 70, "<h", (128,)),
        ("start", 108, "<f", (float("nan"),)),
        ("beyond", 108, "<f", (1e30,)),
        ("scale", 112, "<f", (float("inf"),)),
    ]
    rows = (280, "<12f")
    changes += [
        ("flat", *rows, (0.0,) * 12),
        ("nans", *rows, (float("nan"),) * 12),
        ("plane", *rows, (1.0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0)),
        ("endless", *rows, (float("inf"),) * 12),
    ]
    for ending in ("nii", "nii.gz"):
        plain = sound["nii"]
        for what, at, form, values in changes:
            kinds = [int(v) if form[-1] == "h" else v for v in values]
            changed = plain[:at] + struct.pack(form, *kinds) + plain[at + struct.calcsize(form) :]
            packed = gzip.compress(changed, mtime=0) if ending == "nii.gz" else changed
            yield _name(what, ending), packed
        size = plain[:76] + struct.pack("<4f", 1, -1, 1, 1) + plain[92:]
        without_sform = size[:252] + struct.pack("<2h", 0, 0) + size[256:]
        yield (
            _name("negative", ending),
            gzip.compress(without_sform, mtime=0) if ending == "nii.gz" else without_sform,
        )


def _bombs(sound: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Small files of many gigabytes of zeros."""
    block = _zeros_packed()
    small = sound["nii"][:352]
    large = small[:40] + struct.pack("<8h", 3, 2000, 2000, 2000, 1, 1, 1, 1) + small[56:]
    for name, head in (("small", small), ("large", large)):
        for n_blocks in (50, 150):
            packed = _gzipped(head, block, n_blocks)
            yield _name(f"bomb_{name}{n_blocks}", "nii.gz"), packed
    sizes = {"small": b"16 18 20", "large": b"2000 2000 2000"}
    for name, size in sizes.items():
        text, _, _ = sound["nrrd"].partition(b"\n\n")
        head = text.replace(b"16 18 20", size) + b"\n\n"
        yield _name(f"bomb_{name}", "nrrd"), head + _gzipped(b"", block, 150)
        text, _, _ = sound["mha"].partition(b"LOCAL\n")
        head = text.replace(b"16 18 20", size) + b"LOCAL\n"
        yield _name(f"bomb_{name}", "mha"), head + _gzipped(b"", block, 150)
    yield _name("bomb", "tif"), _tiff_bomb()


def _zeros_packed() -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(bytes(_BOMB)) + packer.flush(zlib.Z_FULL_FLUSH)


def _gzipped(head: bytes, block: bytes, n_blocks: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(9, wbits=-15).flush() + bytes(8)  # nobody should come as far as its sums
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + start + block * n_blocks + end


def _tiff_bomb() -> bytes:
    """One page of 8 gigavoxels in a single packed strip."""
    side = 90000
    packer = zlib.compressobj(9)
    strip = packer.compress(bytes(_BOMB)) + packer.flush()
    strip *= 90
    tags = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 8), (262, 3, 1), (273, 4, 8)]
    tags += [(277, 3, 1), (278, 4, side), (279, 4, len(strip))]
    at = 8 + len(strip)
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    ifd = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", at) + strip + ifd
