"""The table of compressions: each member of `Compression` has its module, and each module works both ways."""

from __future__ import annotations

import io
import os

import pytest

from dockmagic.layer.compression.compress import Compressor
from dockmagic.layer.compression.decompress import inflated
from dockmagic.layer.compression.table import ALGORITHMS, LONGEST_MAGIC, WRITABLE, detect
from dockmagic.oci import media
from dockmagic.oci.errors import InvalidLayer
from dockmagic.oci.media import Compression

PLAIN = os.urandom(70_000) + b"a" * 3_000_000


def _packed(compression: Compression, level: int | None = None) -> bytes:
    out = io.BytesIO()
    with Compressor(out, compression, level=level) as packed:
        packed.write(PLAIN)
    return out.getvalue()


@pytest.mark.parametrize("compression", Compression)
def test_what_an_algorithm_writes_is_detected_and_read(compression: Compression) -> None:
    """At the usual level, the lowest and the highest."""
    for level in (None, 0, ALGORITHMS[compression].highest_level):
        data = _packed(compression, level)
        assert detect(data[:LONGEST_MAGIC]) is compression
        assert b"".join(inflated([data[:3], data[3:]])) == PLAIN


@pytest.mark.parametrize("compression", [each for each in Compression if each is not Compression.NONE])
def test_corrupt_and_truncated_streams_name_their_algorithm(compression: Compression) -> None:
    """The error says which compression, whatever the library raises."""
    data = _packed(compression)
    word = ALGORITHMS[compression].word
    with pytest.raises(InvalidLayer, match=f"{word} data is truncated"):
        b"".join(inflated([data[:-10]]))
    with pytest.raises(InvalidLayer, match=f"{word} data is corrupt"):
        b"".join(inflated([data + b"no further stream" * 100]))


def test_words_suffixes_and_magics_tell_algorithms_apart() -> None:
    """No two algorithms claim the same word, suffix of a file's name or first bytes."""
    for names in ("suffixes", "magics"):
        claimed = [name for each in ALGORITHMS.values() for name in getattr(each, names)]
        assert len(claimed) == len(set(claimed))
    for word in ("word", "output_word"):
        assert len({getattr(each, word) for each in ALGORITHMS.values()}) == len(ALGORITHMS)


@pytest.mark.parametrize("compression", WRITABLE)
def test_a_layers_media_type_tells_its_compression(compression: Compression) -> None:
    """The media type that a layer gets, OCI's or Docker's, is read back as the same compression."""
    assert media.compression_of(media.layer_type(compression)) is compression
    assert media.compression_of(media.layer_type(compression, docker=True)) is compression
