# A daemon whose wall clock is set by the test.
#
#	load ../lib/clock
#	build_clock				in setup
#	mount_at SECONDS [mount options]	the clock is ahead by so much (negative: behind)
#	set_clock SECONDS			at any moment

build_clock() {
	local runtime
	CLOCK=$BATS_TEST_TMPDIR/clock.so
	${CC:-cc} -shared -fPIC -o "$CLOCK" "$TOP/tests/lib/clock.c" || skip "no C compiler here"
	# a sanitizer's runtime wants to be the first
	runtime=$(ldd "$STEMEFS" | awk '/lib[at]san/ { print $3 }')
	[ -z "$runtime" ] || CLOCK="$runtime:$CLOCK"
	export CLOCK_AHEAD=$BATS_TEST_TMPDIR/ahead
	set_clock 0
	env LD_PRELOAD="$CLOCK" "$STEMEFS" version > /dev/null 2>&1 || skip "nothing can be preloaded here"
}

# Whole or not at all: it is read at any moment.
set_clock() {
	echo "$1" > "$CLOCK_AHEAD.new"
	mv "$CLOCK_AHEAD.new" "$CLOCK_AHEAD"
}

mount_at() {
	set_clock "$1"
	LD_PRELOAD=$CLOCK "$STEMEFS" "$S" "$M" -o "log=$LOG${2:+,$2}"
}

# seconds FIELD: that time of every event, in seconds since 1970.
seconds() {
	jq -r ".$1" "$M/events.jsonl" | jq -Rn '[inputs | capture("(?<t>.*)\\.(?<f>[0-9]+)Z") |
		("\(.t)Z" | fromdate) + ("0.\(.f)" | tonumber)]'
}

# in_order: seq has no gap, and received_at never goes back.
in_order() {
	[ "$(jq -s 'map(.seq) == [range(1; length + 1)]' "$M/events.jsonl")" = true ]
	[ "$(jq -s 'map(.received_at) | . == sort' "$M/events.jsonl")" = true ]
}

# between FIELD FROM TO [N]: that time of all events, or of the newest N, is within.
between() {
	[ "$(seconds "$1" | jq --argjson from "$2" --argjson to "$3" --argjson n "${4:-1000000}" \
		'.[-$n:] | all(. >= $from and . <= $to)')" = true ]
}
