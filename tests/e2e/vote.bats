#!/usr/bin/env bats
# `echo 'ID WEIGHT' > vote` and `echo '=VALUE WEIGHT' > vote`: a word for or against a claim.
load common
load ../lib/records

# Two users claim different values; a third one votes. No value leads by itself.
setup() {
	start allow_other,autokey=all
	open_the_way
	PAIR=$M/subjects/s/p
	as 1000 sh -c "echo '$(claim s '"red"')' > '$M/inbox/r'"
	as 1001 sh -c "echo '$(claim s '"blue"')' > '$M/inbox/b'"
	RED=$(as 1000 jq -r .id "$M/receipts/r")
	BLUE=$(as 1001 jq -r .id "$M/receipts/b")
}
teardown() { stop; }

vote() { echo "$1" > "$PAIR/vote"; }

# The support of a value. An admitted agent has 0.5 to give; its claim alone gives half of it.
support() {
	jq -r --arg v "$1" '.clusters[] | select(.object == $v).support' "$PAIR/why/consensus"
}

# The last record is our vote on a claim with this weight: voted ID WEIGHT
voted() {
	tail -n 1 "$M/events.jsonl" | jq -e --arg id "$1" --argjson weight "$2" --arg agent "$(agent_of)" \
		'.kind == "vote" and .vote == $id and .weight == $weight and .agents == [$agent]' ||
		{ tail -n 1 "$M/events.jsonl"; false; }
}

@test "by id" {
	vote "$RED 1"
	voted "$RED" 1
	[ "$(value s p)" = red ]
	[ "$(jq -r .kind "$M/.stemefs/last_receipt")" = vote ]
}

@test "by the first eight digits or more" {
	vote "${BLUE:0:8} 0.8"
	voted "$BLUE" 0.8
	[ "$(value s p)" = blue ]
	vote "${RED:0:20} 0.9"
	voted "$RED" 0.9
	vote "$(tr a-f A-F <<< "${RED:0:9}")   -0.5 "
	voted "$RED" -0.5
	refused EINVAL "8 digits" vote "${RED:0:7} 1"
}

@test "by value" {
	vote '=red 1'
	voted "$RED" 1
	[ "$(value s p)" = red ]
	vote '="blue" 1'
	voted "$BLUE" 1
	echo 96.70 > "$PAIR/assert"
	vote '=9.67e1 -1'
	[ "$(tail -n 1 "$M/events.jsonl" | jq .weight)" -eq -1 ]
	[ "$(tail -n 1 "$M/events.jsonl" | jq -r .vote)" = "$(jq -r 'select(.object == 96.7).id' "$PAIR/claims.jsonl")" ]
	echo 'New York City' > "$PAIR/assert"
	vote '=New York City 0.25'
	[ "$(tail -n 1 "$M/events.jsonl" | jq .weight)" = 0.25 ]
	refused EINVAL "nobody claims this value" vote '=green 1'
	[[ $(why hint) == *red* ]]
	refused EINVAL "nobody claims this value" vote '=007x 1'
	refused EINVAL "" vote '="red 1'
}

@test "by value, the vote is on the leading claim of the value" {
	local strong
	echo '{"subject":"s","predicate":"p","object":"red","confidence":0.9}' > "$M/inbox/f"
	strong=$(receipt f id)
	as 1002 sh -c "echo '=red 1' > '$PAIR/vote'"
	[ "$(tail -n 1 "$M/events.jsonl" | jq -r .vote)" = "$strong" ]
}

@test "as JSON" {
	vote "{\"vote\":\"$RED\",\"weight\":0.5}"
	voted "$RED" 0.5
	echo "{\"vote\":\"$BLUE\",\"weight\":-1}" > "$M/inbox/v"
	voted "$BLUE" -1
	refused EINVAL "votes" vote '{"subject":"s","predicate":"p","object":1}'
}

@test "weights go from -1 to 1" {
	local weight
	for weight in 1 -1 0 1.0 +1 0.000001 -0.999999 1e-1; do
		vote "$RED $weight"
		voted "$RED" "${weight#+}"
	done
	for weight in 1.000001 -1.1 2 1e9 NaN one 0x1 1,0 "" "0.5 0.5"; do
		refused EINVAL "" vote "$RED $weight"
	done
	refused EINVAL "1.5 is no weight" vote "$RED 1.5"
	[ "$(why offset)" -eq 65 ]
}

@test "what is unknown or ambiguous is refused" {
	refused EINVAL "no claim here" vote "ffffffffffffffff 1"
	[[ $(why hint) == *claims.jsonl* ]]
	refused EINVAL "" vote "nonsense 1"
	refused EINVAL "" vote "$RED"
	claim other > "$M/inbox/f" # known, but not here
	refused EINVAL "no claim here" vote "$(receipt f id) 1"
	unknown() { echo "{\"vote\":\"${RED//[0-7]/f}\",\"weight\":1}" > "$M/inbox/v"; }
	refused EINVAL "no record has the id" unknown
}

@test "two claims that share eight digits: the prefix says so and wants more" {
	local ids time # found by trying: both ids start with 30960e00
	for time in 1578028414 1578085343; do
		echo "{\"subject\":\"twin\",\"predicate\":\"p\",\"object\":1,\"timestamp\":$time}"
	done > "$M/inbox/f"
	ids=$(receipt f id)
	[ "$(receipt f status)" = "accepted accepted" ]
	[ "${ids:0:8} ${ids:65:8}" = "30960e00 30960e00" ]
	PAIR=$M/subjects/twin/p
	refused EINVAL "not unique: 2" vote "${ids:0:8} 1"
	vote "${ids:65:16} 1"
	voted "${ids:65}" 1
}

@test "votes move the consensus, and a second vote takes the place of the first" {
	vote '=red 1'
	[ "$(value s p)" = red ]
	[ "$(support red)" = 0.75 ]
	vote '=red 0.4'
	[ "$(support red)" = 0.45 ]
	vote '=red -1'
	[ "$(value s p)" = blue ]
	[ "$(support red)" = 0 ]
	[ "$(grep -c '"vote"' "$M/events.jsonl")" -eq 3 ]
}

@test "weight 0 withdraws" {
	local before
	before=$(jq -c 'del(.timestamp)' "$PAIR/consensus")
	vote '=blue 1'
	[ "$(jq -c 'del(.timestamp)' "$PAIR/consensus")" != "$before" ]
	vote '=blue 0'
	[ "$(jq -c 'del(.timestamp)' "$PAIR/consensus")" = "$before" ]
	[ "$(support blue)" = 0.25 ]
}

@test "every user has a vote of his own" {
	vote '=red 1'
	as 1002 sh -c "echo '=red 1' > '$PAIR/vote'"
	[ "$(support red)" = 1.25 ]
	as 1002 sh -c "echo '=red 0' > '$PAIR/vote'"
	[ "$(support red)" = 0.75 ]
}

@test "several lines, the last without a newline" {
	printf '=red 1\n\n=blue 0.5' > "$PAIR/vote"
	[ "$(grep -c '"vote"' "$M/events.jsonl")" -eq 2 ]
	two() { printf '=red 0.1\nnonsense\n=blue 0.1\n' > "$PAIR/vote"; }
	fails two
	[ "$(why offset)" -eq 9 ]
	[ "$(grep -c '"vote"' "$M/events.jsonl")" -eq 3 ]
}

@test "vote reads as empty, and everybody may write to it" {
	vote '=red 1'
	[ "$(stat -c '%a %s' "$PAIR/vote")" = "666 0" ]
	[ "$(cat "$PAIR/vote")" = "" ]
}
