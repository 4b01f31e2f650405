"""Is a directory listing complete, without repetition and in a stable order, while names
are being added to it? Lists DIR with small reads until the writer has ended.

	listing.py DIR PID-OF-WRITER
"""
import ctypes
import os
import struct
import sys


def names_of(path, room):
    """getdents64(2), so that the size of one read is ours to choose."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(room)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    names = []
    while True:
        n = libc.syscall(217 if os.uname().machine == "x86_64" else 61, fd, buffer, room)
        if n < 0:
            raise OSError(ctypes.get_errno(), "getdents64")
        if n == 0:
            os.close(fd)
            return names
        at = 0
        while at < n:
            _, _, length, _ = struct.unpack_from("<QqHB", buffer, at)
            names.append(ctypes.string_at(ctypes.addressof(buffer) + at + 19))
            at += length


def main():
    path, writer = sys.argv[1], int(sys.argv[2])
    before, rounds, grown = names_of(path, 1 << 16), 0, 0
    running = True
    while running:
        running = os.path.exists(f"/proc/{writer}")
        now = names_of(path, 512 if rounds % 4 == 0 else 1 << 15)
        known = set(before)
        assert len(set(now)) == len(now), "a name was listed twice"
        assert not known - set(now), f"missing: {sorted(known - set(now))[:3]}"
        assert [n for n in now if n in known] == before, "the order has changed"
        grown += len(now) > len(before)
        before, rounds = now, rounds + 1
    assert rounds > 1
    print(rounds, grown, len(before) - 2)


main()
