"""Move the last record of a log into the future, as if the clock had been ahead when it
came: a frame with another received_at, and the checksum and chain value that belong to it
(see docs/log-format.md). The tag stays, since the header before it does.

	later.py STORE SECONDS
"""
import os
import struct
import sys

from checksums import blake3, crc32c

HEADER, SEGMENT_HEADER = 72, 128


def main():
    wal = os.path.join(sys.argv[1], "wal")
    path = os.path.join(wal, sorted(os.listdir(wal))[-1])
    with open(path, "rb") as f:
        log = bytearray(f.read())
    at, chain = SEGMENT_HEADER, log[64:96]
    while log[at:at + 4] == b"SFRM":
        last, before = at, chain
        length, = struct.unpack_from("<I", log, at + 4)
        chain = log[at + 40:at + 72]
        at += HEADER + (length + 7) // 8 * 8
    payload = slice(last + HEADER, last + HEADER + struct.unpack_from("<I", log, last + 4)[0])
    received_at, = struct.unpack_from("<Q", log, payload.start + 8)
    struct.pack_into("<Q", log, payload.start + 8, received_at + int(sys.argv[2]) * 10**9)
    struct.pack_into("<I", log, last + 32, crc32c(log[payload]))
    log[last + 40:last + 72] = blake3(bytes(before + log[payload]))
    with open(path, "wb") as f:
        f.write(log)


main()
