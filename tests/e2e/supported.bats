#!/usr/bin/env bats
# What counts is who signs a thing, once each: not how often it is said, nor by how many
# that nobody has admitted. All of it with running sums and without.
# sanitizers: asan (what the numbers are; trust and withdraw change them in the same ways)
load common
load ../lib/records
load ../lib/agents

setup() {
	sums=1000000000
	[[ $BATS_TEST_DESCRIPTION != *"(running sums)" ]] || sums=1
	start "sums-from=$sums"
	sources=$(few 50 10)
}
teardown() { stop; }

three_agree_one_does_not() {
	members ann bob cid eve
	for name in ann bob cid; do what town right | signs "$name"; done
	[ "$(of town .status)" = unanimous ]

	# one claim, of the same confidence
	what town wrong | signs eve
	[ "$(of town .object)" = right ]
	[ "$(of town .share)" = 0.75 ]

	# the same from many sources: it is one word
	jq -nc "range($sources) | {subject: \"town\", predicate: \"p\", object: \"wrong\", source: \"s\\(.)\"}" | signs eve
	[ "$(of town .object)" = right ]
	[ "$(of town .share)" = 0.75 ]

	# and for each of those a vote
	on town wrong 0.5 | signs eve
	[ "$(of town .share)" = 0.75 ]

	# many other values, all at once
	jq -nc "range($sources) | {subject: \"town\", predicate: \"p\", object: \"wrong \\(.)\", source: \"t\\(.)\"}" | signs eve
	[ "$(of town .object)" = right ]

	# against what the three say, with all its might
	on town right -1 | signs eve
	[ "$(of town .object)" = right ]
	what town wrong '.confidence = 1' | signs eve
	on town wrong 1 | signs eve
	[ "$(of town .object)" = right ]
	[ "$(value town p)" = right ]
}

@test "one agent does not change what three agree on" {
	three_agree_one_does_not
}

@test "one agent does not change what three agree on (running sums)" {
	three_agree_one_does_not
}

nothing_said_firmly() {
	members ann bob cid dan eve fay
	what town A | signs ann
	what town B | signs bob
	[ "$(of town '.status, .conflict, .share')" = "contested 1 0.5" ]
	for name in cid dan eve fay; do what town A '.confidence = 0' | signs "$name"; done
	[ "$(of town '.status, .conflict, .share')" = "contested 1 0.5" ]
	[ "$(of town .candidates)" = 6 ]
	[ ! -e "$M/subjects/town/p/value/skeptic" ]
	# nor four votes of almost nothing
	for name in cid dan eve fay; do on town A 0.000001 | signs "$name"; done
	[ "$(of town '.status, .conflict')" = "contested 1" ]
}

@test "four claims of confidence 0 do not settle a dispute" {
	nothing_said_firmly
}

@test "four claims of confidence 0 do not settle a dispute (running sums)" {
	nothing_said_firmly
}

strangers_in_numbers() {
	local many
	many=$(few 200 60)
	members ann bob cid
	for name in ann bob cid; do what town right '.confidence = 0.1' | signs "$name"; done
	what town wrong '.confidence = 1 | .timestamp = "2026-01-01T00:00:00Z"' | signs_each "$many"
	[ "$(of town .object)" = right ]
	[ "$(of town .share)" = 1 ]
	[ "$(of town .agents)" = $((many + 3)) ]
	# with votes for theirs and against the members'
	on town wrong 1 | jq -c '.timestamp = "2026-01-01T00:00:00Z"' | signs_each "$many"
	on town right -1 | jq -c '.timestamp = "2026-01-01T00:00:00Z"' | signs_each "$many"
	[ "$(of town .object)" = right ]
	[ "$(of town .share)" = 1 ]
	[ "$(of town '[.clusters[].object] | join(" ")' skeptic)" = "right wrong" ]
	# where no member signs anything, strangers are heard, the more the better
	what village here '.timestamp = "2026-01-01T00:00:00Z"' | signs_each 3
	agents zoe
	what village there | signs zoe
	[ "$(of village '.object, .share')" = "here 0.75" ]
	# until one does
	what village there '.confidence = 0.01' | signs ann
	[ "$(of village '.object, .share')" = "there 1" ]
}

@test "strangers do not outvote three members, however many come" {
	strangers_in_numbers
}

@test "strangers do not outvote three members, however many come (running sums)" {
	strangers_in_numbers
}

every_status() {
	members ann bob cid
	# nobody supports anything
	what s A '.confidence = 0' | signs ann
	[ "$(of s '.status, .object, .share, .conflict')" = "none absent absent 0" ]
	[ "$(ls "$M/subjects/s/p/value" | paste -sd" ")" = "authority confidence recency" ]
	# one agent, even of two minds
	what s B '.source = "x"' | signs ann
	[ "$(of s '.status, .object, .agents')" = "single B 1" ]
	what s1 A | signs ann
	[ "$(of s1 '.status, .confidence, .share, .conflict')" = "single 0.333333 1 0" ]
	# two agents and one value
	what s1 A | signs bob
	[ "$(of s1 '.status, .confidence, .agents')" = "unanimous 0.5 2" ]
	# not if somebody is against it
	on s1 A -0.1 | head -1 | signs cid
	[ "$(of s1 '.status, .conflict, .agents')" = "agreed 0 3" ]
	# nine to one is agreed, seven to three is not
	what s2 A '.confidence = 1' | signs ann
	what s2 B '.confidence = 0.05' | signs bob
	[ "$(of s2 '.status, .object')" = "agreed A" ]
	what s3 A '.confidence = 0.7' | signs ann
	what s3 B '.confidence = 0.3' | signs bob
	[ "$(of s3 '.status, .object')" = "contested A" ]
	[ "$(of s3 '.status, .object' skeptic)" = "contested absent" ]
}

@test "each status means what it says" {
	every_status
}

@test "each status means what it says (running sums)" {
	every_status
}

# spread_over SUBJECT CONFIDENCE…: each by another member on another value
spread_over() {
	local subject=$1 names=(ann bob cid) i
	shift
	for i in $(seq 0 $(($# - 1))); do
		what "$subject" "v$i" ".confidence = ${*:i+1:1}" | signs "${names[i]}"
	done
	of "$subject" .conflict
}

the_vectors() {
	members ann bob cid
	[ "$(spread_over a 0.5 0.5)" = 1 ]
	[ "$(spread_over b 0.7 0.3)" = 0.8813 ]
	[ "$(spread_over c 0.9 0.1)" = 0.469 ]
	[ "$(spread_over d 0.45 0.35 0.2)" = 0.9545 ]
	[ "$(spread_over e 0.8 0.1 0.1)" = 0.5817 ]
	[ "$(spread_over f 1 1 0.049)" = 1 ] # less than a twentieth is not heard
	[ "$(spread_over g 1)" = 0 ]
	# two words share the budget of one agent
	what h A '.confidence = 1' | signs ann
	what h B '.confidence = 0.5 | .source = "s"' | signs ann
	[ "$(of h '[.clusters[].share] | join(" ")' skeptic)" = "0.666667 0.333332" ]
	# for and against
	what i A '.confidence = 0.4' | signs ann
	on i A -1 | signs bob
	[ "$(of i '.status, .object')" = "none absent" ]
}

@test "the published vectors hold through the mount" {
	the_vectors
}

@test "the published vectors hold through the mount (running sums)" {
	the_vectors
}
