#!/usr/bin/env bats
# The stories of examples/ are told as they are printed there, byte for byte.
#
# A story that changes on purpose is written anew, and then read by a person:
#
#	STORIES=update bats tests/e2e/stories.bats
# sanitizers: asan (what is printed; each step is one that other files take)
load common
load ../lib/records
load ../lib/agents

setup() {
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
}

# story NAME: what it prints is what it has always printed; nothing is left of it.
story() {
	local told=$BATS_TEST_TMPDIR/told expected=$TOP/examples/$1/expected

	if ! "$TOP/examples/$1/demo" "$STEMEFS" > "$told" 2> "$told.error" || [ -s "$told.error" ]; then
		tail -n 20 "$told" "$told.error" >&2
		return 1
	fi
	[ "${STORIES:-}" != update ] || cp "$told" "$expected"
	diff -u "$expected" "$told"
	[ -z "$(ls -A "$TMPDIR")" ]
	fails grep -F "$TMPDIR" /proc/self/mountinfo
}

@test "jwt-outage: the newest claim was never approved; what was believed that evening" {
	story jwt-outage
}

@test "due-diligence: three documents, three values, and what rests on one that is retracted" {
	story due-diligence
}

@test "living-review: two trials, ageing evidence, a label that supersedes another" {
	story living-review
}

@test "consumer-health: a hundred anecdotes do not outvote the regulator" {
	story consumer-health
}

@test "constraints: may I use requests here?" {
	story constraints
}

@test "a story is a story in another time zone and another language" {
	export TZ=Pacific/Kiritimati LC_ALL=C.UTF-8
	unset LANG
	story jwt-outage
}

@test "a story that cannot be told says so and leaves nothing" {
	local dir
	for dir in "$TOP"/examples/*/; do
		run -2 "$dir/demo"
		[[ $output == usage:* ]]
		run -2 "$dir/demo" /nonexistent
	done
	run -1 "$TOP/examples/constraints/demo" /bin/false
	[ -z "$(ls -A "$TMPDIR")" ]
}

# What `verify` needs of an assertion, in a place where it can be changed.
copy_of() { # ID
	rm -rf "$BATS_TEST_TMPDIR/copy"
	mkdir -p "$BATS_TEST_TMPDIR/copy/assertions/$1"
	cp "$M/assertions/$1/record" "$M/assertions/$1/signatures.json" "$BATS_TEST_TMPDIR/copy/assertions/$1/"
}

@test "verify: b3sum and openssl find what stemefs says, and nothing else passes" {
	local id copy=$BATS_TEST_TMPDIR/copy
	verify() { "$TOP/examples/verify" "$@"; }
	start
	agents ann bob
	what s one '.timestamp = "2025-01-01T00:00:00.000000001Z"' > "$BATS_TEST_TMPDIR/claim"
	signs ann < "$BATS_TEST_TMPDIR/claim"
	id=$(of s .id)
	[ "$(verify "$M" "$id" | grep -c "^signed by $(keys_of ann) at 20")" -eq 1 ]
	# whoever signs later is in it, too; and a prefix will do
	echo "{\"cosign\":\"$id\"}" | signs bob
	[ "$(verify "$M" "${id:0:8}" | grep -c '^signed by')" -eq 2 ]
	verify "$M" "$id" | grep -q "^signed by $(keys_of bob) at"
	# a copy needs no mount
	copy_of "$id"
	[ "$(verify "$copy" "$id")" = "$(verify "$M" "$id")" ]
	stop
	verify "$copy" "$id" > "$BATS_TEST_TMPDIR/said"
	# one bit of the record
	cp -r "$copy" "$copy.kept"
	printf '\x03' | dd of="$copy/assertions/$id/record" bs=1 seek=40 conv=notrunc status=none
	fails verify "$copy" "$id"
	[[ $output == *"these bytes have the id "* ]]
	# one digit of a signature, another agent, another time
	for change in '.signatures[1].signature |= (if startswith("0") then "1" else "0" end) + .[1:]' \
		'.signatures[0].agent = .signatures[1].agent' '.signatures[0].signed_at = "2025-01-01T00:00:00Z"'; do
		cp "$copy.kept/assertions/$id"/* "$copy/assertions/$id/"
		jq "$change" "$copy.kept/assertions/$id/signatures.json" > "$copy/assertions/$id/signatures.json"
		fails verify "$copy" "$id"
		[[ $output == *"does not verify"* ]]
	done
	# nobody has signed
	echo '{"signatures":[]}' > "$copy/assertions/$id/signatures.json"
	fails verify "$copy" "$id"
	[[ $output == *"no signatures"* ]]
	run -2 "$TOP/examples/verify" "$copy" 123
	run -2 "$TOP/examples/verify" "$copy" "${id//[0-9a-f]/0}"
}
