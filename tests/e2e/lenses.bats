#!/usr/bin/env bats
# What each lens answers, through a mount: tiers, age, sets.
# sanitizers: asan (what lenses answer, computed by one thread from one snapshot)
load common

setup() { start; }
teardown() { stop; }

# Post a record of the mounting user's.
post() { echo "$1" > "$M/inbox/claim"; }

@test "a regulator is not outvoted by fresher and surer anecdotes" {
	local p=$M/subjects/drug/dose
	post '{"subject":"drug","predicate":"dose","object":20,"confidence":0.95,"source_class":"regulatory","source":"r"}'
	for i in $(seq 16); do
		post '{"subject":"drug","predicate":"dose","object":40,"confidence":1,"source_class":"anecdotal","source":"a'"$i"'"}'
	done
	[ "$(cat "$p/value/consensus")" = 40 ]
	[ "$(cat "$p/value/authority")" = 20 ]
	[ "$(cat "$p/value/layered")" = 20 ]
	jq -e '[.layers[].class] == ["regulatory", "anecdotal"]' "$p/layered"
	jq -e '.unseen == [{"object": 40, "agents": 1, "claims": 16}]' "$p/layered"
	jq -e '.candidates[0].weight == {"confidence":0.95,"trust":0.5,"tier_weight":1,"decay":1,"authority":0.475}' "$p/why/authority"
}

@test "a clinical claim has decayed to .827 after 200 days, and its file is of today" {
	local p=$M/subjects/drug/effect
	# it is 200 days old for as long as no UTC midnight passes
	[ $((86400 - $(date -u +%s) % 86400)) -gt 30 ] || sleep 31
	post '{"subject":"drug","predicate":"effect","object":"none","confidence":1,"source_class":"clinical","timestamp":"'"$(date -u -d '-200 days' +%FT%TZ)"'"}'
	jq -e '.candidates[0].weight.decay == 0.827039' "$p/why/authority"
	jq -e '.candidates[0] | .decay == 0.827039 and .weight == 0.827039' "$p/why/layered"
	[ "$(date -u -r "$p/authority" +%F)" = "$(date -u +%F)" ]
}

@test "a set lists all that is held, one value a line, and has no winner" {
	local p=$M/subjects/drug/tags[]
	mkdir -p "$p"
	echo x > "$p/assert"
	echo y > "$p/assert"
	echo z > "$p/assert"
	echo '=z -1' > "$p/vote"
	[ "$(sort "$p/value/consensus")" = "$(printf 'x\ny')" ]
	jq -e '(.objects | sort) == ["x", "y"] and .conflict == 0 and ([.object, .share, .id] == [null, null, null])' "$p/consensus"
	[ ! -e "$p/value/median" ]
	run ! getfattr -n user.stemefs.object "$p/consensus"
	[ "$(getfattr --only-values -n user.stemefs.candidates "$p/consensus")" = 3 ]
}

@test "the median is a number that somebody asserted, and there is none of texts" {
	local p=$M/subjects/drug/weight
	for n in 1 2 1000; do
		post '{"subject":"drug","predicate":"weight","object":'"$n"',"source":"'"$n"'"}'
	done
	[ "$(cat "$p/value/median")" = 2 ]
	post '{"subject":"drug","predicate":"weight","object":"heavy"}'
	[ ! -e "$p/value/median" ]
	jq -e '.rule == "not every object is a number"' "$p/why/median"
}

@test "superseding an epoch changes the epoch lens, and no other" {
	local p=$M/subjects/cholera/cause before
	post '{"epoch":"miasma theory","timestamp":"2026-01-01T00:00:00Z"}'
	post '{"subject":"cholera","predicate":"cause","object":"bad air","confidence":1,"epoch":"miasma theory","source":"a"}'
	post '{"subject":"cholera","predicate":"cause","object":"a germ","confidence":0.5,"source":"b"}'
	[ "$(cat "$p/value/epoch")" = "bad air" ]
	before=$(stat -c %Y.%y "$p/epoch")
	post '{"epoch":"germ theory","supersedes":"miasma theory","supersession":"replace"}'
	[ "$(cat "$p/value/epoch")" = "a germ" ]
	[ "$(cat "$p/value/consensus")" = "bad air" ]
	[ "$(stat -c %Y.%y "$p/epoch")" != "$before" ]
	jq -e '.superseded == 1' "$p/why/epoch"
}
