"""The log of a store, read and written as docs/log-format.md says, without stemefs.

A test of damage asks what a store would show that never had certain records. Here such a store
is made: the same records with the same numbers and times, less some, in as many segments as one
likes. read() of what write() made from read() gives back every byte (see prove()).
"""

import os
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "oracle"))
import canon  # noqa: E402
from harness import FRAME_HEADER, SEGMENT_HEADER, require  # noqa: E402

KEYED = 16
TAG_MAGIC = b"stemefs tag 1\n\0\0"
PREFIX = 24  # of a payload
SIGNATURE = 104

CRC = []
for n in range(256):
    for _ in range(8):
        n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
    CRC.append(n)


def crc32c(data):
    c = 0xFFFFFFFF
    for b in data:
        c = CRC[(c ^ b) & 255] ^ c >> 8
    return c ^ 0xFFFFFFFF


def tag_of(key, header):
    """Of the first 24 bytes of a frame, which are one block."""
    flags = canon.CHUNK_START | canon.CHUNK_END | canon.ROOT | KEYED
    out = canon.compress(list(struct.unpack("<8I", key)), header, len(header), 0, flags)
    return struct.pack("<2I", *out[:2])


class Frame:
    """One record in the log: .seq, .payload, .batch (the offset of the first of its batch), and
    where it stands: .offset, .end (behind its padding)."""

    def __init__(self, segment, at, offset):
        magic, length, said, self.batch = struct.unpack_from("<IIQQ", segment, at)
        require(magic == 0x4D524653 and said == offset, "no frame at", offset)
        self.offset, self.end = offset, offset + FRAME_HEADER + length + -length % 8
        self.payload = bytes(segment[at + FRAME_HEADER : at + FRAME_HEADER + length])
        self.seq, _, _, self.signatures = struct.unpack_from("<QQIH", self.payload)

    def fields(self):
        """{name: (from, to)} within the frame."""
        length = len(self.payload)
        records = FRAME_HEADER + length - SIGNATURE * self.signatures
        return {
            "magic": (0, 4), "length": (4, 8), "offset": (8, 16), "batch": (16, 24), "tag": (24, 32),
            "crc": (32, 36), "zero": (36, 40), "chain": (40, 72), "prefix": (72, 72 + PREFIX),
            "canonical": (72 + PREFIX, records), "signatures": (records, FRAME_HEADER + length),
            "padding": (FRAME_HEADER + length, self.end - self.offset),
        }  # fmt: skip


def segments(store):
    """[(base, path)] of the files that have a segment's name."""
    found = [p for p in Path(store, "wal").iterdir() if len(p.stem) == 16 and p.suffix == ".wal"]
    return sorted((int(p.stem, 16), p) for p in found)


class Log:
    """The log of a store that is whole: .frames, .content (of the file with that base), .bases,
    .identity (in every segment header), .key, .end."""

    def __init__(self, store):
        tag = Path(store, "tag.a").read_bytes()
        require(tag.startswith(TAG_MAGIC) and canon.blake3(tag[:48]) == tag[48:], "tag.a is another file")
        self.key, self.frames, self.bases, self.content = tag[16:48], [], [], {}
        for base, path in segments(store):
            content = self.content[base] = path.read_bytes()
            self.bases.append(base)
            self.identity = content[16:64]
            at = SEGMENT_HEADER
            while content[at : at + 4].strip(b"\0"):
                self.frames.append(Frame(content, at, base + at))
                at += self.frames[-1].end - self.frames[-1].offset
            self.end = base + at

    def header(self, base, chain):
        start = b"SWAL" + struct.pack("<IQ", 1, base) + self.identity + chain
        return start + canon.blake3(start)

    def write(self, store, frames, segment_max=1 << 26):
        """Have `store` (a copy) hold these frames and no others, batches as they were, and no
        index. Only the payloads are what they were: places, chain and tags are made anew."""
        for _, path in segments(store):
            path.unlink()
        batches = {}
        for f in frames:
            batches.setdefault(f.batch, []).append(f.payload)
        base, chain, out = 0, bytes(32), bytearray(self.header(0, bytes(32)))
        for batch in batches.values():
            size = sum(FRAME_HEADER + len(p) + -len(p) % 8 for p in batch)
            if len(out) + size > segment_max and len(out) > SEGMENT_HEADER:
                self.seal(store, base, out)
                base += len(out)
                out = bytearray(self.header(base, chain))
            first = base + len(out)
            for payload in batch:
                chain = canon.blake3(chain + payload)
                start = b"SFRM" + struct.pack("<IQQ", len(payload), base + len(out), first)
                out += start + tag_of(self.key, start) + struct.pack("<II", crc32c(payload), 0) + chain
                out += payload + bytes(-len(payload) % 8)
        self.seal(store, base, out)

    @staticmethod
    def seal(store, base, content):
        Path(store, "wal", f"{base:016x}.wal").write_bytes(content)

    def prove(self, store, scratch):
        """What write() makes of all frames is what stemefs made."""
        os.makedirs(f"{scratch}/wal")
        self.write(scratch, self.frames)
        for base, path in segments(scratch):
            real = Path(store, "wal", path.name).read_bytes()
            same = real.rstrip(b"\0") == path.read_bytes().rstrip(b"\0")
            require(same, "write() made another segment", base)
