#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# A record that comes signed is taken as it is, whoever made it and with whatever program;
# with anything changed it is refused: nobody can speak for somebody else.
load common
load ../lib/records
SEED=9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
OTHER=4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb
setup() { start; }
teardown() { stop; }

# Signed by the independent implementation: sign RECORD [SEED…]
sign() {
	local record=$1 seed args=()
	shift
	for seed in "${@:-$SEED}"; do args+=(--seed "$seed"); done
	python3 "$CANON" sign "${args[@]}" <<< "$record"
}
timed() { # SUBJECT [OBJECT]: a claim that can be signed
	echo "{\"subject\":\"$1\",\"predicate\":\"p\",\"object\":${2:-1},\"timestamp\":\"2020-01-01T00:00:00Z\"}"
}
agent() { sign "$(timed x)" "${1:-$SEED}" | jq -r '.signatures[0].agent'; }
write() { echo "$1" > "$M/inbox/f"; }
signers() { jq -r '.signers | join(" ")' "$M/subjects/$1/p/consensus"; }

@test "signed by another implementation" {
	local record
	record=$(sign "$(timed a)")
	write "$record"
	[ "$(receipt f id)" = "$(python3 "$CANON" id <<< "$record")" ]
	[ "$(signers a)" = "$(agent)" ]
	[ "$(records)" -eq 1 ] # nobody of ours has said anything
	jq . <<< "$record" > "$M/inbox/g" # pretty is the same
	[ "$(receipt g status)" = duplicate ]
	jq -cS . <<< "$record" > "$M/inbox/g" # and so is any order of keys
	[ "$(receipt g status)" = duplicate ]
	[ "$(jq -r .kind "$M/events.jsonl" | sort | uniq -c | xargs)" = "1 assertion" ]
}

@test "signed with openssl, the id made with b3sum" {
	local key=$BATS_TEST_TMPDIR/key.pem message=$BATS_TEST_TMPDIR/message id agent signature
	openssl genpkey -algorithm ed25519 -out "$key"
	agent=$(openssl pkey -in "$key" -pubout -outform DER | tail -c 32 | xxd -p -c 64)
	id=$(timed a '"x"' | python3 "$CANON" bytes | xxd -r -p | b3sum | cut -c -64)
	{
		printf 'stemefs/sign/v1\0'
		xxd -r -p <<< "$id"
		printf '%016x' 1577836800000000000 | xxd -r -p | xxd -p -c1 | tac | xxd -r -p
	} > "$message"
	signature=$(openssl pkeyutl -sign -rawin -inkey "$key" -in "$message" | xxd -p -c 64 | tr -d '\n')
	write "$(timed a '"x"' | jq -c --arg agent "$agent" --arg signature "$signature" \
		'. + {signatures: [{$agent, $signature, signed_at: .timestamp}]}')"
	[ "$(receipt f id)" = "$id" ]
	[ "$(signers a)" = "$agent" ]
}

@test "signed with stemefs sign" {
	local key=$BATS_TEST_TMPDIR/key agent
	agent=$("$STEMEFS" key new "$key")
	claim a | "$STEMEFS" sign --key "$key" > "$M/inbox/f"
	[ "$(signers a)" = "$agent" ]
	claims 20 | "$STEMEFS" sign --key "$key" | "$STEMEFS" sign --seed "$SEED" > "$M/inbox/f"
	[ "$(receipt f status | xargs -n 1 | sort | uniq -c | xargs)" = "20 accepted" ]
	[ "$(jq -r '.agents | length' "$M/events.jsonl" | sort | uniq -c | xargs)" = "1 1 20 2" ]
	# both implementations say the same
	cmp <(timed b | "$STEMEFS" sign --seed "$SEED" --at 2020-01-01T00:00:00Z | jq -cS .signatures) \
		<(sign "$(timed b)" | jq -cS .signatures)
}

@test "two signers from the start, in any order" {
	local record wrong
	record=$(sign "$(timed a)" "$SEED" "$OTHER")
	write "$record"
	[ "$(signers a | xargs -n 1 | sort)" = "$( (agent "$SEED"; agent "$OTHER") | sort)" ]
	write "$(jq -c '.signatures |= reverse' <<< "$record")"
	[ "$(receipt f status)" = duplicate ]
	# one that is wrong spoils the record, whichever it is
	for wrong in 0 1; do
		refused EACCES "does not verify" write "$(sign "$(timed b)" "$SEED" "$OTHER" |
			jq -c ".signatures[$wrong].signature = .signatures[1 - $wrong].signature")"
	done
	refused EINVAL "" write "$(sign "$(timed b)" | jq -c '.signatures += .signatures')"
	refused EINVAL "" write "$(timed b | jq -c '. + {signatures: []}')"
}

@test "with any bit changed, in signature, agent, time or content, it is refused" {
	local record n
	# one line: canon.py reads a record a line
	record=$(sign "$(tr -d '\t\n' <<< '{"subject":"sub","predicate":"pred","object":"obj","confidence":0.5,
		"timestamp":1577836800.123456789,"source":"src","source_hash":"'"$(printf 'a5%.0s' {1..32})"'",
		"source_class":"expert","lifecycle":"approved","parent":"'"$(printf '3c%.0s' {1..32})"'",
		"epoch":"'"$(printf '69%.0s' {1..32})"'","visual_hash":"0123456789abcdef","vector":[1,2],
		"because":["'"$(printf '11%.0s' {1..32})"'","'"$(printf '22%.0s' {1..32})"'"],
		"note":"why"}')")
	record=$(jq -c '.signatures[0].signed_at = 1577836800.123456789' <<< "$record" |
		sed 's/1577836800\.[0-9]*/1577836800.123456789/g')
	n=$(python3 "$BATS_TEST_DIRNAME/../lib/forge.py" "$M/inbox/f" "$(few 1 7)" <<< "$record")
	[ "$n" -gt "$(few 1500 1000)" ]
	[ "$(records)" -eq 1 ] # the genuine one
	[ "$(receipt f status)" = accepted ]
	[ "$(ls "$M/subjects")" = sub ]
}

@test "a signature moved to another record is refused" {
	local signed
	signed=$(sign "$(timed a)" | jq -c .signatures)
	refused EACCES "does not verify" write "$(timed b | jq -c --argjson s "$signed" '. + {signatures: $s}')"
	refused EACCES "does not verify" write "$(timed a 2 | jq -c --argjson s "$signed" '. + {signatures: $s}')"
	[[ $(why message) == *"$(agent)"* ]]
	# an assertion's signature is none of a vote, and a vote's none of another weight
	refused EACCES "" write "$(jq -nc --argjson s "$signed" --arg id "$(timed a | python3 "$CANON" id)" \
		'{vote: $id, weight: 1, timestamp: "2020-01-01T00:00:00Z", signatures: $s}')"
	signed=$(sign "{\"vote\":\"$(timed a | python3 "$CANON" id)\",\"weight\":0.5,\"timestamp\":1577836800}")
	refused EACCES "" write "$(jq -c '.weight = -0.5' <<< "$signed")"
	write "$signed"
	[ "$(records)" -eq 1 ]
}

@test "signed, but without a timestamp, or with half an entry, it is refused" {
	local record
	record=$(sign "$(timed a)")
	refused EINVAL timestamp write "$(jq -c 'del(.timestamp)' <<< "$record")"
	refused EINVAL signed_at write "$(jq -c 'del(.signatures[0].signed_at)' <<< "$record")"
	refused EINVAL agent write "$(jq -c 'del(.signatures[0].agent)' <<< "$record")"
	refused EINVAL signature write "$(jq -c '.signatures[0].signature |= .[2:]' <<< "$record")"
	refused EINVAL '"key"' write "$(jq -c '.signatures[0].key = 1' <<< "$record")"
	refused EINVAL signatures write "$(jq -c '.signatures |= .[0]' <<< "$record")"
}

@test "weak keys and signatures speak for nobody" {
	local zero one
	zero=$(printf '00%.0s' {1..32})
	one=01${zero:2}
	for agent in "$zero" "$one" "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"; do
		for signature in "$zero$zero" "$one$zero" "$agent$zero"; do
			refused EACCES "" write "$(timed a | jq -c --arg agent "$agent" --arg signature "$signature" \
				'. + {signatures: [{$agent, $signature, signed_at: .timestamp}]}')"
		done
	done
	# the second signature with the same meaning: s + the order of the group
	refused EACCES "" write "$(sign "$(timed a)" | python3 -c 'import json, sys
r = json.load(sys.stdin)
s = bytes.fromhex(r["signatures"][0]["signature"])
n = int.from_bytes(s[32:], "little") + 2**252 + 27742317777372353535851937790883648493
r["signatures"][0]["signature"] = (s[:32] + n.to_bytes(32, "little")).hex()
print(json.dumps(r))')"
}

# The lens files and the claims of the pair s p.
answers() {
	local file
	for file in consensus recency confidence skeptic claims.jsonl why/consensus; do
		echo "$file: $(cat "$M/subjects/s/p/$file")"
	done
}

@test "a vote may arrive before its target, and takes effect when that arrives" {
	local red blue vote
	red=$(sign "$(timed s '"red"')")
	blue=$(sign "$(timed s '"blue"')" "$OTHER")
	vote=$(sign "{\"vote\":\"$(python3 "$CANON" id <<< "$blue")\",\"weight\":1,\"timestamp\":\"2020-01-02T00:00:00Z\"}" \
		0000000000000000000000000000000000000000000000000000000000000001)
	write "$vote"
	[ "$(receipt f status)" = accepted ]
	[ "$(ls "$M/subjects")" = "" ]
	write "$red"
	write "$blue"
	[ "$(value s p)" = blue ]
	[ "$(jq .agents "$M/subjects/s/p/consensus")" -eq 3 ]
	answers > "$BATS_TEST_TMPDIR/first"

	stop # in the usual order, in a store of its own
	rm -rf "$S"
	start
	write "$red"
	write "$blue"
	answers > "$BATS_TEST_TMPDIR/without"
	write "$vote"
	answers > "$BATS_TEST_TMPDIR/second"
	cmp "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"
	fails cmp -s "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/without" # it does say something
}

@test "an unsigned vote on what nobody knows is refused" {
	claim a > "$M/inbox/f" # our key is made and admitted
	refused EINVAL "no record has the id" write "{\"vote\":\"$(printf 'ab%.0s' {1..32})\",\"weight\":1}"
}

@test "a cosignature adds its agent to the claim" {
	local record id
	record=$(sign "$(timed s)")
	write "$record"
	id=$(receipt f id)
	write "$(sign "{\"cosign\":\"$id\"}" "$OTHER")"
	[ "$(signers s | xargs -n 1 | sort)" = "$( (agent "$SEED"; agent "$OTHER") | sort)" ]
	write "{\"cosign\":\"$id\"}" # and ours
	[ "$(signers s | wc -w)" -eq 3 ]
	[ "$(jq -r .id "$M/subjects/s/p/consensus")" = "$id" ]
	# bytes for another id are none for this one
	refused EACCES "does not verify" write "$(sign "{\"cosign\":\"$(timed t | python3 "$CANON" id)\"}" "$OTHER" |
		jq -c --arg id "$id" '.cosign = $id')"
}

@test "a signed time may be minutes ahead, not more" {
	write "$(sign "$(claim a | jq -c '. + {timestamp: (now + 200 | floor)}')")"
	[ "$(receipt f status)" = accepted ]
	refused EINVAL ahead write "$(sign "$(claim b | jq -c '. + {timestamp: (now + 400 | floor)}')")"
}

@test "a setting that is not signed by the store's own key is refused" {
	local setting
	setting="{\"setting\":\"admit\",\"agent\":\"$(agent)\",\"timestamp\":\"2020-01-01T00:00:00Z\"}"
	refused EPERM "store's own key" write "$(sign "$setting")"
	claim a > "$M/inbox/f"
	refused EPERM "store's own key" write "$setting"
}
