#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Damage is named, and what it holds is missing, for as long as it is there and no longer: a disk
# that reads again, or a segment that somebody has put back, gives the records back by itself. And
# a start that is killed while it makes a new index never takes what was acknowledged for a write
# that did not finish.
load common

LOG=wal/0000000000000000.wal

store_of_three() {
	local i

	cd "$BATS_TEST_TMPDIR" || return
	"$STEMEFS" init s
	for i in 1 2 3; do
		printf '{"subject":"s%d","predicate":"p","object":"value %d %s"}\n' "$i" "$i" \
			"$(head -c 1500 /dev/zero | tr '\0' x)" |
			"$STEMEFS" put s inbox/a.json >/dev/null
	done
	cp "s/$LOG" whole
}

field() { # NAME
	"$STEMEFS" status s | awk -v name="$1" '$1 == name { $1 = ""; print substr($0, 2) }'
}

at() { # WORD: where it stands in the log
	grep -obUa "$1" "s/$LOG" | head -n 1 | cut -d : -f 1
}

@test "what was damaged and is whole again is there again" {
	store_of_three
	printf X | dd of="s/$LOG" bs=1 seek="$(at 'value 2')" conv=notrunc status=none
	[ "$(field damaged)" = 1 ]
	run ! "$STEMEFS" cat s subjects/s2/p/consensus
	# not as a new file: a disk that reads again changes no times, and a start that follows
	# no clean stop looks
	dd if=whole of="s/$LOG" conv=notrunc status=none
	[[ $(field index) == *" again, which were damaged" ]]
	[ "$(field damaged)" = 0 ]
	"$STEMEFS" cat s subjects/s2/p/consensus >/dev/null
	"$STEMEFS" check s
}

@test "damage that stays costs one new index, and is named at each start" {
	local i

	store_of_three
	printf X | dd of="s/$LOG" bs=1 seek="$(at 'value 2')" conv=notrunc status=none
	[ -n "$(field index)" ]
	for i in 1 2 3; do
		rm -f s/clean
		[ -z "$(field index)" ]
		[ "$(field damaged)" = 1 ]
	done
}

@test "doubt about an index that was put aside is settled with it" {
	store_of_three
	printf X | dd of="s/$LOG" bs=1 seek="$(at 'value 3')" conv=notrunc status=none
	"$STEMEFS" status s >first
	grep -q '^index ' first
	run ! grep '^doubt ' first
	[ ! -e s/doubt ]
}

@test "a start that is killed between two indexes forgets nothing that was acknowledged" {
	local n where

	command -v strace >/dev/null || skip "there is no strace"
	strace -o /dev/null true 2>/dev/null || skip "nothing may be traced here"
	store_of_three
	# a sector of zeros in the last frame: what a write that did not finish looks like
	where=$((($(at 'value 3') + 511) / 512 * 512))
	dd if=/dev/zero of="s/$LOG" bs=1 seek="$where" count=512 conv=notrunc status=none
	cp -a s damaged
	for n in 1 2 3; do
		rm -rf s
		cp -a damaged s
		# whatever of it comes: the index is put aside, a new one is made, it is told
		run strace -f -qq -o trace -e trace=mkdirat,renameat \
			-e "inject=mkdirat:signal=KILL:when=$n" "$STEMEFS" status s
		[ "$(field torn_bytes)" = 0 ]
		[ "$(field damaged)" = 1 ]
		run ! compgen -G 's/quarantine/*.torn'
	done
}

@test "a file that has no place in the log does not move the end of a restored one" {
	store_of_three
	head -c 100000 /dev/urandom >s/wal/0000000000000100.wal
	[ "$(field damaged)" = 1 ]
	"$STEMEFS" backup s copy.tar || [ $? -eq 4 ]
	mv s original
	"$STEMEFS" restore copy.tar s || [ $? -eq 4 ]
	[ "$(field damaged)" = 1 ]
}
