"""Make a part of a store look as if a later version of the program had written it, with the
checksums that belong to it.

	future.py segment STORE		the version in the header of the newest segment
	future.py layout STORE		the layout of the index, in every copy of its META row
"""
import os
import struct
import sys

from checksums import blake3, crc32c


def segment(store):
    wal = os.path.join(store, "wal")
    path = os.path.join(wal, sorted(os.listdir(wal))[-1])
    with open(path, "r+b") as f:
        header = bytearray(f.read(96))
        struct.pack_into("<I", header, 4, 2)
        f.seek(0)
        f.write(header + blake3(bytes(header)))


def layout(store):
    path = os.path.join(store, "index", "data.mdb")
    with open(path, "rb") as f:
        data = bytearray(f.read())
    at = found = 0
    while (at := data.find(b"\x04\x03\x02\x01", at + 1)) > 0:  # its byte-order mark
        key = at - 5  # a node: sizes and flags u16 x 4, the key "M", the row, its CRC-32C
        size, _, _, key_size = struct.unpack_from("<HHHH", data, key - 8)
        row = slice(key + 1, key + 1 + size - 4)
        check = struct.pack("<I", crc32c(b"M" + data[row]))
        if data[key] != ord("M") or key_size != 1 or data[row.stop:row.stop + 4] != check:
            continue
        struct.pack_into("<I", data, key + 1, 9999)
        data[row.stop:row.stop + 4] = struct.pack("<I", crc32c(b"M" + data[row]))
        found += 1
    if not found:
        sys.exit("there is no META row")
    with open(path, "wb") as f:
        f.write(data)


{"segment": segment, "layout": layout}[sys.argv[1]](sys.argv[2])
