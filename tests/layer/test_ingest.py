"""Layers as they arrive: compressions, members, limits, truncation."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tars import file, ingest, tar

from dockmagic.layer.compression.compress import Compressor
from dockmagic.layer.compression.decompress import Decompressor
from dockmagic.layer.ingest import LayerIngest
from dockmagic.oci.errors import InvalidInput, InvalidLayer, LayerTooLarge, NotSupported
from dockmagic.oci.media import Compression

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = tar(file("a", b"x" * 100_000), file("b", os.urandom(70_000)))
DIFF_ID = "sha256:" + hashlib.sha256(PLAIN).hexdigest()
HALF = len(PLAIN) // 2
SKIPPABLE = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"

FORMS = {
    "plain": PLAIN,
    "gzip": gzip.compress(PLAIN),
    "gzip members": gzip.compress(PLAIN[:HALF]) + gzip.compress(b"") + gzip.compress(PLAIN[HALF:]),
    "gzip, padded": gzip.compress(PLAIN) + bytes(1000),
    "zstd": zstd.compress(PLAIN),
    "zstd frames": zstd.compress(PLAIN[:HALF]) + zstd.compress(PLAIN[HALF:]),
    "zstd with skippable frames": SKIPPABLE + zstd.compress(PLAIN) + SKIPPABLE,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chunk", [1, 1000, 1 << 20])
def test_every_compression_gives_the_same_diff_id(form: str, chunk: int) -> None:
    """In chunks of any size, in several members or frames, whatever the media type claims."""
    diff_id, table = ingest(FORMS[form], chunk=chunk)
    assert diff_id == DIFF_ID
    assert [entry.size for entry in table.entries] == [100_000, 70_000]
    assert table.content_size == 170_000


@pytest.mark.parametrize("form", ["gzip", "zstd"])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_truncation_is_noticed(form: str, kept: float) -> None:
    """Wherever the stream ends."""
    data = FORMS[form][: int(len(FORMS[form]) * kept)]
    reader = LayerIngest(Compression(form))
    with pytest.raises(InvalidLayer):  # noqa: PT012  either may notice
        reader.feed(data)
        reader.finish()


def test_damage_is_noticed() -> None:
    """By gzip's own sum; zstd often has none, and there the DiffID tells."""
    good = FORMS["gzip"]
    middle = len(good) // 2
    with pytest.raises(InvalidLayer):
        ingest(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_garbage_after_the_end_is_refused(form: str) -> None:
    """Zeros are padding, anything else is not."""
    with pytest.raises(InvalidLayer):
        ingest(FORMS[form] + b"garbage" * 10)


def test_foreign_compressions_are_refused_by_name() -> None:
    """What no engine reads."""
    with pytest.raises(NotSupported, match="lzip"):
        ingest(b"LZIP\1\x0c" + bytes(50))


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress], ids=["xz", "bzip2"])
def test_layers_of_xz_and_bzip2_are_read_as_docker_reads_them(pack: Callable[[bytes], bytes]) -> None:
    """In one stream or several, and refused when they are cut off or damaged."""
    assert ingest(pack(PLAIN))[0] == DIFF_ID
    assert ingest(pack(PLAIN[:HALF]) + pack(PLAIN[HALF:]) + bytes(8))[0] == DIFF_ID
    for broken in (pack(PLAIN)[:-9], pack(PLAIN) + b"garbage" * 10):
        with pytest.raises(InvalidLayer):
            ingest(broken)


def test_an_xz_stream_that_wants_a_gigabyte_is_refused() -> None:
    """Its dictionary is what the reader has to hold."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3, "depth": 1}]
    small = lzma.compress(b"x", filters=[{**filters[0], "dict_size": 1 << 20}])
    # The dictionary's size is one byte of the block header (xz format, 5.3.1), which a checksum covers.
    block = bytearray(small[12:24])
    block[4] = 36  # 1 GiB
    block[8:] = zlib.crc32(block[:8]).to_bytes(4, "little")
    with pytest.raises(InvalidLayer, match="corrupt"):
        ingest(small[:12] + bytes(block) + small[24:])


def test_endless_expansion_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Early, and in little memory: a gigabyte of zeros is a megabyte of gzip."""
    header = bytearray(tar(file("zeros"))[:512])
    header[124:136] = b"%011o\0" % (1 << 30)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    bomb = gzip.compress(bytes(header) + bytes(50_000_000))
    with pytest.raises(LayerTooLarge, match="DOCKMAGIC_MAX_LAYER_SIZE"):
        ingest(bomb, limit=1_000_000)
    monkeypatch.setenv("DOCKMAGIC_MAX_LAYER_SIZE", "1000000")
    with pytest.raises(LayerTooLarge):
        ingest(bomb)
    monkeypatch.setenv("DOCKMAGIC_MAX_LAYER_SIZE", "lots")
    with pytest.raises(InvalidInput, match="lots"):
        ingest(bomb)


def test_pieces_are_bounded() -> None:
    """However much a chunk swells, it is handed out a megabyte at a time."""
    reader = Decompressor(Compression.GZIP)
    pieces = [len(memoryview(piece)) for piece in reader.feed(gzip.compress(bytes(20_000_000)))]
    assert sum(pieces) == 20_000_000
    assert max(pieces) <= 1 << 20


@given(st.binary(max_size=3000))
def test_no_input_leads_astray(data: bytes) -> None:
    """Any bytes are a layer or an error of ours."""
    for start in (b"", PLAIN[:512], PLAIN[:700], gzip.compress(PLAIN)[:100], b"\x28\xb5\x2f\xfd"):
        try:
            ingest(start + data)
        except (InvalidLayer, NotSupported) as error:
            assert error.hint  # noqa: PT017


@pytest.mark.parametrize("compression", list(Compression))
@pytest.mark.parametrize("reproducible", [False, True])
def test_what_is_compressed_comes_back(compression: Compression, reproducible: bool) -> None:  # noqa: FBT001
    """Through every compressor, which leaves the stream below open."""
    out = io.BytesIO()
    with Compressor(out, compression, reproducible=reproducible) as stream:
        stream.write(PLAIN[:HALF])
        stream.write(memoryview(PLAIN)[HALF:])
    assert ingest(out.getvalue())[0] == DIFF_ID
    if compression is Compression.GZIP:
        assert gzip.decompress(out.getvalue()) == PLAIN
        assert out.getvalue()[4:8] == bytes(4)  # no time in the header
