# A small disk for a store, and how to fill it.
#
#	load ../lib/disk
#
# D: where it is mounted. Kinds: tmpfs, and ext4 in a file, each where it can be mounted.

disk() { # KIND MIB
	D=$BATS_TEST_TMPDIR/disk
	mkdir -p "$D"
	case $1 in
	tmpfs) mount -t tmpfs -o "size=${2}m" none "$D" 2>/dev/null || skip "cannot mount a tmpfs here" ;;
	ext4)
		command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4 here"
		truncate -s "${2}M" "$BATS_TEST_TMPDIR/image"
		mkfs.ext4 -qF -m 0 "$BATS_TEST_TMPDIR/image"
		mount -o loop "$BATS_TEST_TMPDIR/image" "$D" 2>/dev/null || skip "no loop devices here"
		;;
	esac
}

# A store on it, mounted, with one record that is there all the time.
start_on_disk() { # KIND MIB
	disk "$@"
	S=$D/store M=$BATS_TEST_TMPDIR/mnt LOG=$BATS_TEST_TMPDIR/log
	NOTES=$BATS_TEST_TMPDIR/notes
	mkdir -p "$M"
	"$STEMEFS" init "$S"
	mount_store
	claim before > "$M/inbox/before"
}

# Take all the room that is left, or so many MiB of it.
fill() { # FILE [MIB]
	if [ -n "${2:-}" ]; then
		fallocate -l "${2}M" "$1"
	else
		fill "$1" 64 2>/dev/null || true
		# what a failed fallocate leaves is a matter of the file system
		dd if=/dev/zero of="$1.more" bs=64k 2>/dev/null || true
		dd if=/dev/zero of="$1.rest" bs=4k 2>/dev/null || true
		fails dd if=/dev/zero of="$1.none" bs=4k count=1
	fi
}

drain() { # FILE
	rm -f "$1" "$1.more" "$1.rest" "$1.none"
}

full() { # WHAT [OPTIONS]
	local what=$1
	shift
	"$TOP/tests/lib/full.py" "$what" "$M" "$NOTES" "$@"
}

# Unmount whatever a test has mounted besides the store's own mount.
stop_disks() {
	local at
	stop || return
	for at in "$@" "${D:-}"; do
		[ -z "$at" ] || ! mountpoint -q "$at" || umount "$at" || umount -l "$at"
	done
}
