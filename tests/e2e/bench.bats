# The benchmarks run, and say what they should.
# sanitizers: none (the daemon is asked what other tests ask it)

load common

setup() {
	command -v python3 >/dev/null || skip "no python3"
	TOOLS=$(dirname "$STEMEFS")/bench
	[ -x "$TOOLS/client" ] || skip "make bench-tools has not been run"
	JSON=$BATS_TEST_TMPDIR/out.json
	export TMPDIR=$BATS_TEST_TMPDIR
}

@test "a tiny run has every key, and counts the requests that a cold read takes" {
	run -0 "$TOP/bench/run" --tiny --only cold --tools "$TOOLS" --json "$JSON" "$STEMEFS"
	[ "$(jq -r '.failed | length' "$JSON")" -eq 0 ]
	jq -e '.rows | length == 2 and all(has("row") and has("aim") and has("reached")
		and has("verdict") and has("how"))' "$JSON"
	# of the floor, that is 3 LOOKUP, OPEN, READ; ours cannot have fewer
	jq -e '.rows[0].how | contains("1 OPEN, 1 READ") and (contains("should be") | not)' "$JSON"
	jq -e '.rows[1].reached | . >= 3 and . <= 8' "$JSON"
}
