"""Copy every regular file of a tree, byte for byte, trusting nothing but read(2): until it
answers 0; and links as they are. Complains when what was read and what stat(2) says differ.

	copy.py FROM TO [read|mmap]
"""
import mmap
import os
import stat
import sys


def by_read(fd, size):
    parts = []
    while True:
        part = os.read(fd, 1021)  # crosses every page at another place
        if not part:
            return b"".join(parts)
        parts.append(part)


def by_mmap(fd, size):
    if size == 0:
        return b""
    with mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ) as m:
        return m[:]


def main():
    source, target = sys.argv[1], sys.argv[2]
    read = by_mmap if sys.argv[3:] == ["mmap"] else by_read
    bad = 0
    for folder, folders, names in os.walk(source, onerror=fail):
        for name in folders + names:
            path = os.path.join(folder, name)
            to = os.path.join(target, os.path.relpath(path, source))
            before = os.lstat(path)
            if stat.S_ISLNK(before.st_mode):
                os.makedirs(os.path.dirname(to), exist_ok=True)
                os.symlink(os.readlink(path), to)
            if not stat.S_ISREG(before.st_mode):
                continue
            fd = os.open(path, os.O_RDONLY)
            content = read(fd, before.st_size)
            opened = os.fstat(fd)
            os.close(fd)
            if not len(content) == before.st_size == opened.st_size:
                print(f"{path}: {len(content)} bytes read, stat {before.st_size}, "
                      f"fstat {opened.st_size}", file=sys.stderr)
                bad = 1
            os.makedirs(os.path.dirname(to), exist_ok=True)
            with open(to, "wb") as f:
                f.write(content)
    sys.exit(bad)


def fail(error):
    raise error


main()
