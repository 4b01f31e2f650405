#!/usr/bin/python3
"""Ask an archive that `stemefs backup` wrote, without any code of stemefs.

    archive.py log FILE STORE    its log is that of the store, cut at the end of a group
                                 commit: every byte is the same, the last frame is whole, and
                                 what stands behind it in the store is of another commit.
                                 Prints the seq of its last record. The store may be mounted.
    archive.py seal FILE         its last bytes name the BLAKE3 of all before (b3sum).
    archive.py forge FILE HOW    write an archive like it, with a seal that holds, to stdout;
                                 HOW: plain, up, absolute, link, device, long, stranger,
                                 twice, behind, format, otherkey, notag
    archive.py frames FILE       frames of each segment, by their lengths alone
"""
import io
import os
import struct
import subprocess
import sys

sys.path.pop(0)  # copy.py beside this file is not the one that tarfile wants
import tarfile  # noqa: E402

HEADER, SEGMENT_HEADER = 72, 128
TAIL = 3072  # seal, format, end


def segments(path):
    """base -> bytes, ascending."""
    with tarfile.open(path, "r:") as tar:
        found = {}
        for member in tar:
            if member.name.startswith("wal/"):
                found[int(member.name[4:20], 16)] = tar.extractfile(member).read()
    return dict(sorted(found.items()))


def frames(base, data):
    """(offset, batch, seq, end) of each, from the layout in docs/log-format.md."""
    at = SEGMENT_HEADER
    while at < len(data):
        magic, length, offset, batch = struct.unpack_from("<IIQQ", data, at)
        assert magic == 0x4D524653 and offset == base + at, "no frame at %#x" % (base + at)
        seq, = struct.unpack_from("<Q", data, at + HEADER)
        end = at + HEADER + (length + 7) // 8 * 8
        assert end <= len(data), "the frame at %#x is cut" % (base + at)
        yield offset, batch, seq, base + end
        at = end


def read(store, base, at, n):
    with open("%s/wal/%016x.wal" % (store, base), "rb") as f:
        f.seek(at)
        return f.read(n)


def log(path, store):
    there = sorted(int(name[:16], 16) for name in os.listdir(store + "/wal") if name.endswith(".wal"))
    kept = segments(path)
    assert list(kept) == there[: len(kept)], "segments are missing in the middle"
    seq, end, expected = 0, 0, 0
    for base, data in kept.items():
        assert base == expected, "a gap before %#x" % base
        assert data == read(store, base, 0, len(data)), "%#x is not what the store has" % base
        expected = base + len(data)
        for _, batch, number, end in frames(base, data):
            assert number == seq + 1, "seq %d comes after %d" % (number, seq)
            seq = number
    # what comes next in the store, in this segment or the following one
    behind = read(store, base, len(data), HEADER)
    if len(behind) == HEADER and any(behind):
        magic, _, offset, batch = struct.unpack_from("<IIQQ", behind)
        assert magic == 0x4D524653, "what was left out is no frame"
        assert batch == offset, "a group commit was cut: %#x is of %#x" % (offset, batch)
    print(seq)


def b3(data):
    return subprocess.run(["b3sum", "--no-names"], input=data, stdout=subprocess.PIPE, check=True).stdout[:64]


def seal(path):
    with open(path, "rb") as f:
        data = f.read()
    assert b"blake3=" + b3(data[:-TAIL]) + b"\n" in data[-TAIL:], "the seal does not hold"
    assert not any(data[-1024:]), "no end"


def forge(path, how):
    out = io.BytesIO()
    tar = tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT)

    def add(name, data=b"x", **fields):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        for key, value in fields.items():
            setattr(info, key, value)
        tar.addfile(info, io.BytesIO(data))

    def sealed():
        text = b"107 comment=stemefs backup 1 seq=1 blake3=" + b3(out.getvalue()) + b"\n"
        assert len(text) == 107
        info = tarfile.TarInfo("pax_global_header")
        info.type, info.size = tarfile.XGLTYPE, len(text)
        out.write(info.tobuf(tarfile.USTAR_FORMAT) + text.ljust(512, b"\0"))
        tar.offset = out.tell()

    with tarfile.open(path, "r:") as source:
        members = [(m, source.extractfile(m).read() if m.isfile() else b"") for m in source]
    for member, data in members:
        if member.name == "format":
            break
        if how == "notag" and member.name.startswith("tag."):
            continue
        if how == "otherkey" and member.name == "wallet/store.key":
            with open(os.environ["OTHER"] + "/wallet/store.key", "rb") as f:
                data = f.read()
        member.pax_headers = {}
        tar.addfile(member, io.BytesIO(data))
        if how == "twice" and member.name == "tag.a":
            tar.addfile(member, io.BytesIO(data))
    odd = {
        "up": dict(name="wallet/../../escaped"), "absolute": dict(name="/tmp/escaped"),
        "stranger": dict(name="wallet/.hidden"), "long": dict(name="wallet/" + "a" * 95),
        "link": dict(name="wallet/1.key", type=tarfile.SYMTYPE, linkname="/etc/passwd", data=b""),
        "device": dict(name="wallet/1.key", type=tarfile.CHRTYPE, data=b""),
    }
    if how in odd:
        add(**odd[how])
    sealed()
    if how == "behind":
        add("wallet/9.key")
    add("format", b"stemefs store 2\n" if how == "format" else b"stemefs store 1\n", mode=0o600)
    out.write(bytes(1024))
    sys.stdout.buffer.write(out.getvalue())


def main():
    if sys.argv[1] == "log":
        log(*sys.argv[2:])
    elif sys.argv[1] == "seal":
        seal(sys.argv[2])
    elif sys.argv[1] == "forge":
        forge(*sys.argv[2:])
    elif sys.argv[1] == "frames":
        for base, data in segments(sys.argv[2]).items():
            print(base, sum(1 for _ in frames(base, data)))


if __name__ == "__main__":
    main()
