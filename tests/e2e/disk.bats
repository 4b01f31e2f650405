#!/usr/bin/env bats
# A full disk is told to the writer, by write(2) itself, and that is all that it does: reads
# go on, nothing acknowledged is missing, nothing refused appears later, and as soon as there
# is room the next write succeeds.
load common
load ../lib/records
load ../lib/furnish
load ../lib/disk

teardown() { stop_disks "${S:-}/wal" "${S:-}/index"; }

# It compares with a second index, for which there is room elsewhere.
checked() {
	TMPDIR=$BATS_TEST_TMPDIR "$STEMEFS" check "$S"
}

# The notes hold for the mount, for a daemon started anew, and for an index made anew.
holds_again() {
	full check
	kill_daemon
	mount_store
	full check
	unmount_store
	rm -r "$S/index"
	mount_store
	full check
	unmount_store
	checked
	mount_store
}

filled_and_freed() { # KIND
	local round
	start_on_disk "$1" 16
	for round in 1 2 3; do fill "$D/ballast$round" 3; done
	for round in 1 2 3; do
		full fill --writers "$(few 4 2)"
		full check
		drain "$D/ballast$round"
		claim "after$round" > "$M/inbox/after"
		[ "$(value "after$round" p)" = 1 ]
	done
	full fill
	kill_daemon
	# full at mount time: it comes up, or says why not and comes up when there is room
	run "$STEMEFS" "$S" "$M" -o "log=$LOG"
	if [ "$status" -ne 0 ]; then
		[ "$status" -eq 32 ]
		[[ $output == *"No space left"* ]]
	else
		full check
		unmount_store
	fi
	rm -r "$S/index" # as large as the log here: that is room enough
	mount_store
	holds_again
}

@test "a tmpfs is filled and freed, with several writers" {
	filled_and_freed tmpfs
}

@test "an ext4 file system is filled and freed, with several writers" {
	filled_and_freed ext4
}

@test "another file takes all the room at any moment, and gives it back" {
	start_on_disk tmpfs 32
	full surprise --ballast "$D/other" --times "$(few 4 2)"
	holds_again
}

@test "another file does so on ext4" {
	start_on_disk ext4 32
	full surprise --ballast "$D/other" --times "$(few 4 2)"
	holds_again
}

# sentence_or_mounted: a mount on a full disk works, or ends with one sentence about room.
comes_up_or_says_why() {
	run --separate-stderr "$STEMEFS" "$S" "$M" -o "log=$LOG"
	[ "$status" -eq 0 ] && return
	[ "$status" -eq 32 ]
	# shellcheck disable=SC2154 # set by run
	[ "$(wc -l <<< "$stderr")" -eq 1 ]
	[[ $stderr == *"No space left on device"* ]]
	fails mountpoint -q "$M"
}

# The last frame of the log lost a sector, as in a power cut; nothing has applied it.
tear_the_end() {
	python3 - "$S" <<-'END'
		import pathlib, struct, sys
		wal = sorted(pathlib.Path(sys.argv[1], "wal").iterdir())[-1]
		log, at = bytearray(wal.read_bytes()), 128
		while log[at:at + 4] == b"SFRM":
		    last, at = at, at + 72 + (struct.unpack_from("<I", log, at + 4)[0] + 7) // 8 * 8
		hole = (last // 512 + 2) * 512
		assert hole + 512 < at, "the last record is too small"
		log[hole:hole + 512] = bytes(512)
		wal.write_bytes(log)
	END
}

full_at_mount() { # KIND
	start_on_disk "$1" 16
	claims "$(few 400 100)" > "$M/inbox/many"
	jq -nc '{subject:"torn", predicate:"p", object:("0123456789abcde\n" * 1000)}' > "$M/inbox/torn"
	kill_daemon
	rm -r "$S/index"
	tear_the_end
	fill "$D/ballast"
	comes_up_or_says_why
	comes_up_or_says_why # and it changes nothing to ask again
	drain "$D/ballast"
	mountpoint -q "$M" || mount_store
	[ "$(value before p)" = 1 ]
	[ "$(jq -s 'map(.seq) == [range(1; length + 1)]' "$M/events.jsonl")" = true ]
	[ "$(grep -c '"is counted"' "$M/events.jsonl")" -eq "$(few 400 100)" ]
	fails grep -q torn "$M/events.jsonl"
	[ "$(find "$S/quarantine" -name '*.torn' -size +15k | wc -l)" -eq 1 ]
	claim after > "$M/inbox/after"
	unmount_store
	# nothing else was said than that it was cut
	grep -v 'never acknowledged were cut' "$LOG" > "$LOG.other" || true
	mv "$LOG.other" "$LOG"
	checked
}

@test "an unclean store is mounted on a full tmpfs" {
	full_at_mount tmpfs
}

@test "an unclean store is mounted on a full ext4" {
	full_at_mount ext4
}

@test "the first mount of a store is on a full disk" {
	disk tmpfs 16
	S=$D/store M=$BATS_TEST_TMPDIR/mnt LOG=$BATS_TEST_TMPDIR/log
	mkdir "$M"
	"$STEMEFS" init "$S"
	fill "$D/ballast"
	says 32 "No space left on device" "$STEMEFS" "$S" "$M"
	drain "$D/ballast"
	# with room for a little, it is the same or it works
	local pages
	for pages in 1 3 5 7; do
		fill "$D/ballast"
		truncate -s "-$((pages * 4096))" "$D/ballast.more"
		comes_up_or_says_why
		! mountpoint -q "$M" || unmount_store
		drain "$D/ballast"
	done
	mount_store
	claim a > "$M/inbox/a"
	[ "$(value a p)" = 1 ]
	# of an index that found no room there was only a part
	sed -i '/the index was built anew: it was damaged: page 1 lies behind its end$/d' "$LOG"
}

@test "init on a full disk leaves nothing behind" {
	disk tmpfs 4
	S=$D/store
	fill "$D/ballast"
	says 2 "No space left on device" "$STEMEFS" init "$S"
	[ ! -e "$S" ]
	mkdir "$S"
	says 2 "No space left on device" "$STEMEFS" init "$S"
	[ -z "$(ls -A "$S")" ]
	drain "$D/ballast"
	quiet "$STEMEFS" init "$S"
	checked
}

@test "rebuild on a full disk can be done again when there is room" {
	local before
	start_on_disk tmpfs 16
	claims "$(few 200 50)" > "$M/inbox/many"
	before=$(graph_of "$M")
	unmount_store
	fill "$D/ballast"
	says 2 "No space left on device" "$STEMEFS" rebuild "$S"
	drain "$D/ballast"
	quiet "$STEMEFS" rebuild "$S"
	checked
	mount_store
	[ "$(graph_of "$M")" = "$before" ]
}

# One part of the store on a disk of its own, which is full before the other.
part_full() { # PART MIB
	S=$BATS_TEST_TMPDIR/store M=$BATS_TEST_TMPDIR/mnt LOG=$BATS_TEST_TMPDIR/log
	NOTES=$BATS_TEST_TMPDIR/notes
	mkdir "$M"
	"$STEMEFS" init "$S"
	cp -a "$S/$1" "$BATS_TEST_TMPDIR/part"
	mount -t tmpfs -o "size=${2}m,mode=700" none "$S/$1" 2>/dev/null || skip "cannot mount a tmpfs here"
	cp -a "$BATS_TEST_TMPDIR/part/." "$S/$1/"
	mount_store
	claim before > "$M/inbox/before"
	full fill
	full check
	[[ $(jq -r .writing "$M/.stemefs/status") == *"No space left"* ]]
	mount -o "remount,size=$(($2 + 4))m" "$S/$1"
	claim after > "$M/inbox/after"
	[ "$(jq -r .writing "$M/.stemefs/status")" = yes ]
	[ "$(value after p)" = 1 ]
	full fill
	full check
	kill_daemon
	mount -o "remount,size=$(($2 + 8))m" "$S/$1"
	mount_store
	full check
	unmount_store
	checked
	mount_store
}

@test "the log has no room, and the index has" {
	part_full wal 2
}

@test "the index has no room, and the log has" {
	part_full index 2
}

# A file may only be so large: SIGXFSZ would kill who does not expect it.
limited() { # KIB
	(
		ulimit -f "$1"
		mount_store
	)
	claim before > "$M/inbox/before"
	full fill --writers 2
	full check
	kill_daemon
	mount_store
	full check
	claim after > "$M/inbox/after"
	unmount_store
	checked
}

@test "a file that reaches RLIMIT_FSIZE is a full disk" {
	S=$BATS_TEST_TMPDIR/store M=$BATS_TEST_TMPDIR/mnt LOG=$BATS_TEST_TMPDIR/log
	mkdir "$M"
	for kib in 200 2000; do
		NOTES=$BATS_TEST_TMPDIR/notes$kib
		"$STEMEFS" init "$S"
		limited $kib
		rm -r "$S"
	done
}

@test "so it is to the command line" {
	[ "${STEMEFS_MODE:-release}" != tsan ] || skip "ThreadSanitizer dies of it before the program begins"
	S=$BATS_TEST_TMPDIR/store
	fails prlimit --fsize=0 "$STEMEFS" init "$S"
	[[ $output == "stemefs: "*"File too large"* ]]
	[ ! -e "$S" ]
	"$STEMEFS" init "$S"
	claim a > "$BATS_TEST_TMPDIR/a"
	fails prlimit --fsize=16384 "$STEMEFS" put "$S" inbox/a < "$BATS_TEST_TMPDIR/a"
	[[ $output == "stemefs: "*"No space left on device"* ]]
	"$STEMEFS" put "$S" inbox/a < "$BATS_TEST_TMPDIR/a"
	checked
}
