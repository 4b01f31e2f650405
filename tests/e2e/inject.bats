# Every call by which the daemon changes its store may be its last, or fail. Samples with
# fixed seeds; `make crash` takes every case there is.
# sanitizers: asan (the calls go round ThreadSanitizer, which then sees no order in requests)
load common
load ../lib/records

inject() {
	"$TOP/tests/crash/inject.py" --stemefs "$STEMEFS" --seed "$BATS_TEST_NUMBER" "$@"
}

@test "killed at any call, and again in the start that follows, it comes up with what was acknowledged" {
	inject --kill --cases "$(few 30 2)"
}

@test "a call that fails refuses that write, or none, and is forgotten" {
	inject --errors --cases "$(few 30 2)"
}

@test "everything is on disk when it is acknowledged, in this order: log, index, answer" {
	[ "${STEMEFS_MODE:-release}" = release ] || skip "a leak checker does not run under strace"
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	inject --dirsync
}
