#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# The rules of a subject: what must be used there, what is forbidden, what is preferred.
load common
load ../lib/records
load ../lib/agents

setup() {
	start
	RULES=$M/subjects/billing/_constraints
}
teardown() { stop; }

# rule RULE TOPIC OBJECT [JQ]: a rule of billing, changed by a jq filter.
rule() {
	jq -nc --arg p "$1:$2" --arg o "$3" \
		'{subject: "billing", predicate: $p, object: $o} | '"${4:-.}"
}

# rules [FILE]: what is in force, a word each line.
rules() {
	jq -r '"\(.rule) \(.topic) \(.object)\(if .conflict then " CONFLICT" else "" end)"' "${1:-$RULES}" | paste -sd,
}

@test "may I use requests here?" {
	rule forbidden http_client requests '.note = "hung for 47 minutes" | .confidence = 0.9' > "$M/inbox/a"
	rule must_use http_client axios > "$M/inbox/b"
	rule forbidden http_client urllib > "$M/inbox/c"
	jq -es 'any(.[]; .rule == "forbidden" and .topic == "http_client" and .object == "requests")' "$RULES"
	[ "$(jq -r 'select(.object == "requests").note' "$RULES")" = "hung for 47 minutes" ]
	[ "$(jq -r 'select(.rule == "must_use").object' "$RULES")" = axios ]
	[ "$(rules)" = "forbidden http_client requests,forbidden http_client urllib,must_use http_client axios" ]
	# the keys, in their order; the id is that of the claim
	[ "$(head -n 1 "$RULES" | jq -r 'keys_unsorted | join(" ")')" = "rule topic object confidence agents id note" ]
	[ "$(head -n 1 "$RULES" | jq -r .id)" = \
		"$(jq -r 'select(.object == "requests").id' "$M/subjects/billing/forbidden:http_client/claims.jsonl")" ]
	# 0.5 × 0.9 ÷ (0.5 × 0.9 + 0.5): the other object takes nothing away
	[ "$(jq -c '[.confidence, .agents]' "$RULES" | paste -sd' ')" = "[0.473684,1] [0.333333,1] [0.333333,1]" ]
}

@test "forbidden first, then what must be used, then what is preferred; topics in order; the strongest first" {
	for r in prefer must_use forbidden; do
		rule $r zeta "weak-$r" '.confidence = 0.2'
		rule $r zeta "strong-$r" '.confidence = 0.8'
		rule $r alpha "$r"
	done > "$M/inbox/all"
	local want
	want=$(for r in forbidden must_use prefer; do printf '%s\n' "$r alpha $r" "$r zeta strong-$r" "$r zeta weak-$r"; done | paste -sd,)
	[ "$(rules)" = "$want" ]
}

@test "what is forbidden and must be used, in one topic, is a conflict until it is voted down" {
	members ann bob
	rule forbidden tests mocks | signs ann
	rule must_use tests mocks | signs bob
	rule must_use docs mocks | signs bob
	[ "$(rules)" = "forbidden tests mocks CONFLICT,must_use docs mocks,must_use tests mocks CONFLICT" ]
	# another pair's change is seen here at once
	jq -c '{vote: .id, weight: -1}' "$M/subjects/billing/must_use:tests/claims.jsonl" | signs ann
	[ "$(rules)" = "forbidden tests mocks,must_use docs mocks" ]
	[ "$(stat -c %s "$RULES")" -eq "$(cat "$RULES" | wc -c)" ]
}

@test "objects of every kind are rules, and of every shape one line" {
	rule must_use version 3 '.object = 3.10' > "$M/inbox/a"
	rule must_use client x '.object = {ref: "axios"}' > "$M/inbox/b"
	rule prefer text x '.object = "two\nlines " | .note = "say\n\"why\""' > "$M/inbox/c"
	[ "$(wc -l < "$RULES")" -eq 3 ]
	[ "$(jq -c .object "$RULES" | paste -sd' ')" = '{"ref":"axios"} 3.1 "two\nlines "' ]
	[ "$(tail -n 1 "$RULES" | jq -r .note)" = 'say
"why"' ]
}

@test "without a rule there is no such file" {
	claim billing > "$M/inbox/a"
	[ ! -e "$RULES" ]
	[ "$(ls "$M/subjects/billing")" = _summary.md$'\n'p ]
	rule prefer x y > "$M/inbox/c"
	[ -f "$RULES" ]
	ls "$M/subjects/billing" | grep -qx _constraints
	[ "$(find "$M/subjects/billing" -maxdepth 1 -type f -printf '%f\n' | sort | paste -sd' ')" = "_constraints _summary.md" ]
	fails sh -c "echo x > '$RULES'"
	# withdrawn, it is empty: there was a rule once
	jq -c '{retract: .id, reason: "no longer"}' "$M/subjects/billing/prefer:x/claims.jsonl" > "$M/inbox/d"
	[ -f "$RULES" ]
	[ ! -s "$RULES" ]
}

@test "contexts show the rules of then, and those of a stage" {
	rule forbidden http requests '.timestamp = "2026-01-05T00:00:00Z" | .lifecycle = "approved"' > "$M/inbox/a"
	rule must_use http axios '.timestamp = "2026-02-05T00:00:00Z"' > "$M/inbox/b"
	[ "$(rules)" = "forbidden http requests,must_use http axios" ]
	[ "$(rules "$M/stage/approved/subjects/billing/_constraints")" = "forbidden http requests" ]
	[ "$(rules "$M/asof/2026-01-31/subjects/billing/_constraints")" = "forbidden http requests" ]
	[ ! -e "$M/asof/2026-01-04/subjects/billing/_constraints" ]
	seq=$(wc -l < "$M/events.jsonl")
	rule prefer http httpx > "$M/inbox/c"
	[ "$(rules "$M/at/seq-$seq/subjects/billing/_constraints")" = "forbidden http requests,must_use http axios" ]
}

@test "the same rules after a rebuild" {
	for o in a b c; do rule forbidden t $o; rule must_use t $o; done > "$M/inbox/all"
	before=$(cat "$RULES")
	[ "$(wc -l <<< "$before")" -eq 6 ]
	unmount_store
	rm -r "$S/index"
	mount_store
	[ "$(cat "$RULES")" = "$before" ]
}
