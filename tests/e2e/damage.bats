#!/usr/bin/env bats
# A store that was damaged on disk mounts by itself, serves no wrong byte, misses nothing but the
# records that were damaged, and says which. tests/crash/damage.py --full tries all there is.
# sanitizers: asan (it is about what bytes are taken for; the threads meet as they do in others)
load common
load ../lib/records

damage() { # KIND HOW MANY…; nothing of the other kinds
	local none=() kind

	for kind in flips cuts torn sectors behind segments indexes; do
		[[ " $* " == *" --$kind "* ]] || none+=("--$kind" 0)
	done
	"$TOP/tests/crash/damage.py" --seed damage --stemefs "$STEMEFS" \
		--original "$BATS_FILE_TMPDIR/original" "${none[@]}" "$@"
}

@test "a flipped bit anywhere in a store costs the record that it is in, or nothing" {
	damage --flips "$(few 60 10)"
}

@test "a log that lost its end, or sectors of its last write, keeps all the rest" {
	damage --cuts "$(few 12 3)" --torn "$(few 12 3)" --sectors "$(few 12 3)" --behind "$(few 6 2)"
}

@test "a segment that is gone, cut, exchanged or no file costs what it held" {
	damage --segments "$(few 28 5)"
}

@test "whatever stands in the place of the index, every file has its bytes" {
	damage --indexes "$(few 28 6)"
}
