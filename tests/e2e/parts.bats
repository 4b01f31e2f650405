#!/usr/bin/env bats
# What a store is made of, when a part is damaged, lost, of another store or of a later
# version: it is mended from what proves itself, or the mount is refused with a sentence that
# names the part, and nothing was changed.
# sanitizers: asan (files that are read before there are threads)
load common
load ../lib/records
load ../lib/furnish

setup() {
	start
	claim a 7 > "$M/inbox/a"
	unmount_store
	COPY=$BATS_TEST_TMPDIR/copy
	cp -a "$S" "$COPY"
}
teardown() { stop; }

# The parts of the store, but for the lock.
parts() {
	(cd "$1" && find . -type f ! -name lock ! -path './index*' -exec b3sum {} + | sort)
}

# refused TEXT: no command opens the store, and none changes anything.
refused_with() {
	local before
	before=$(parts "$S")
	says 32 "$1" "$STEMEFS" "$S" "$M"
	# shellcheck disable=SC2154 # set by run
	[ "$(wc -l <<< "$stderr")" -eq 1 ]
	says 8 "$1" "$STEMEFS" check "$S"
	fails "$STEMEFS" rebuild "$S"
	[[ $output == *"$1"* ]]
	fails "$STEMEFS" cat "$S" README.md
	[[ $output == *"$1"* ]]
	claim b > "$BATS_TEST_TMPDIR/b"
	fails "$STEMEFS" put "$S" inbox/b < "$BATS_TEST_TMPDIR/b"
	[ "$(parts "$S")" = "$before" ]
	! mountpoint -q "$M"
}

# works: what was there is, and can be added to.
works() {
	mount_store
	[ "$(value a p)" = 7 ]
	claim b > "$M/inbox/b"
	[ "$(value b p)" = 1 ]
	unmount_store
	"$STEMEFS" check "$S"
}

@test "one copy of the tag key is damaged or missing: mended from the other" {
	local lost other
	for lost in tag.a tag.b; do
		other=$([ $lost = tag.a ] && echo tag.b || echo tag.a)
		rm "$S/$lost"
		LOG=$BATS_TEST_TMPDIR/said works
		grep -q "$lost was damaged or lost, and made again" "$BATS_TEST_TMPDIR/said"
		rm "$BATS_TEST_TMPDIR/said"
		cmp "$S/$lost" "$COPY/$other"
		truncate -s 79 "$S/$lost"
		LOG=$BATS_TEST_TMPDIR/said works
		grep -q "$lost was damaged or lost, and made again" "$BATS_TEST_TMPDIR/said"
		rm "$BATS_TEST_TMPDIR/said"
		cmp "$S/$lost" "$COPY/$other"
		printf 'x' | dd of="$S/$lost" bs=1 seek=20 conv=notrunc status=none
		LOG=$BATS_TEST_TMPDIR/said works
		grep -q "$lost was damaged or lost, and made again" "$BATS_TEST_TMPDIR/said"
		rm "$BATS_TEST_TMPDIR/said"
		cmp "$S/$lost" "$COPY/$other"
		[ "$(stat -c %a "$S/$lost")" = 600 ]
	done
}

@test "both copies of the tag key are damaged, lost, or differ" {
	rm "$S/tag.a"
	truncate -s 20 "$S/tag.b"
	refused_with "both copies of the tag key (tag.a, tag.b) are damaged or lost"
	rm "$S/tag.b"
	refused_with "both copies of the tag key (tag.a, tag.b) are damaged or lost"
	"$STEMEFS" init "$BATS_TEST_TMPDIR/other"
	cp "$COPY/tag.a" "$S/tag.a"
	cp "$BATS_TEST_TMPDIR/other/tag.b" "$S/tag.b"
	refused_with "differ: one is of another store"
	# as the sentence says
	cp "$COPY/tag.b" "$S/tag.b"
	works
}

@test "the store is of a later version" {
	echo "stemefs store 2" > "$S/format"
	refused_with "is a store of version 2, and this program knows version 1; try a newer stemefs; nothing was changed"
	echo "stemefs store 12 with more" > "$S/format"
	refused_with "version 12"
	cp "$COPY/format" "$S/format"
	works
}

@test "the file format is damaged or lost" {
	: > "$S/format"
	refused_with 'the file format in it is damaged: it does not say "stemefs store 1"; try echo stemefs store 1 >'
	head -c 100000 /dev/zero > "$S/format"
	refused_with "format"
	printf 'stemefs store 1' > "$S/format"
	refused_with 'damaged'
	echo stemefs store 1 > "$S/format" # as the sentence says
	works
	rm "$S/format"
	refused_with 'the file format in it is lost; try echo stemefs store 1 >'
	fails "$STEMEFS" init "$S"
	[[ $output == *"is not empty"* ]]
	cp "$COPY/format" "$S/format"
	works
}

@test "a segment of the log is of a later version" {
	python3 "$TOP/tests/lib/future.py" segment "$S"
	refused_with "0000000000000000.wal was written by a newer version of stemefs"
	cp -a "$COPY/wal/." "$S/wal/"
	works
}

@test "the index is of a later version: put aside and made anew" {
	python3 "$TOP/tests/lib/future.py" layout "$S"
	! cmp "$S/index/data.mdb" "$COPY/index/data.mdb" > /dev/null
	LOG=$BATS_TEST_TMPDIR/said mount_store
	[ "$(value a p)" = 7 ]
	unmount_store
	grep -q "the index was built anew: it was of another layout or store" "$BATS_TEST_TMPDIR/said"
	works
}
