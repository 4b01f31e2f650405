#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# In every shell, echo of a good claim exits 0 and the next cat shows it; echo of a bad one
# exits with an error, stores nothing, and last_error says what is wrong and where.
load common
load ../lib/records
setup() { start; }
teardown() { stop; }

# say SHELL TEXT [NAME]: echo TEXT > inbox/NAME
say() {
	local shell=$1 script='echo "$1" > "$2"'
	case $shell in
	busybox) shell="busybox sh" ;;
	zsh) shell="zsh -o BSD_ECHO" ;; # a backslash is a backslash, as in the others
	esac
	# shellcheck disable=SC2086 # the shell and its options are words
	$shell -c "$script" sh "$2" "$M/inbox/${3:-x}"
}

good() {
	local shell=$1 i
	for i in 1 2 3; do
		say "$shell" "{\"subject\":\"S$i\",\"predicate\":\"p\",\"object\":$i}" "n$i"
		[ "$(value "S$i" p)" = "$i" ]
	done
	# the same name again, without a space, with many, and as text
	say "$shell" '{"subject":"S1","predicate":"p","object":"one","confidence":1}' n1
	[ "$(value S1 p)" = one ]
	say "$shell" '  { "subject" : "S1" , "predicate" : "q" , "object" : true }  ' n1
	[ "$(value S1 q)" = true ]
	[ "$(jq -s length "$M/inbox/n1")" -eq 1 ]
}

# bad SHELL ERRNO MESSAGE HINT RIGHT WRONG: RIGHT WRONG is refused at the place where WRONG
# begins.
bad() {
	local LC_ALL=C shell=$1 code=$2 message=$3 hint=$4 right=$5 wrong=$6 before
	before=$(<"$M/events.jsonl")
	run say "$shell" "$right$wrong"
	[ "$status" -ne 0 ] || { echo "$shell exited 0 for: ${right:0:80}${wrong:0:80}"; false; }
	[ "$(<"$M/events.jsonl")" = "$before" ]
	jq -e --arg code "$code" --arg message "$message" --arg hint "$hint" \
		--argjson offset ${#right} '
		.code == $code and .offset == $offset and .path == "inbox/x" and
		(.message | contains($message)) and (.hint // "" | contains($hint))' \
		"$M/.stemefs/last_error" ||
		{ echo "expected: $message at ${#right}"; cat "$M/.stemefs/last_error"; false; }
	[[ $(<"$M/receipts/x") == '{"status":"refused",'* ]]
}

all_bad() {
	local sh=$1 start='{"subject":"a","predicate":"b","object":' blanks
	say "$sh" '{"subject":"first","predicate":"p","object":1}' first

	bad "$sh" EINVAL "not a JSON object" "" "" 'hello'
	bad "$sh" EINVAL "missing brace" "" "${start}1" ''
	bad "$sh" EINVAL "comma" "" "${start}1 " '"confidence":0.5}'
	bad "$sh" EINVAL '"sourceClass"' '"source_class"' "${start}1," '"sourceClass":"expert"}'
	bad "$sh" EINVAL '"confidence"' "" "${start}1,\"confidence\":" '1.5}'
	bad "$sh" EINVAL '"object"' "quote it" "$start" 'NaN}'
	bad "$sh" EINVAL '\u0000' "" "${start}\"x" '\u0000"}'
	bad "$sh" EINVAL "surrogate" "" "${start}\"x" '\ud800"}'
	bad "$sh" EINVAL '"object": the key stands twice' "" "${start}1," '"object":2}'
	bad "$sh" EINVAL "array" "one object per line" "" '[{"subject":"a","predicate":"b","object":1}]'
	bad "$sh" EINVAL "UTF-8" "" "${start}\"caf" $'\xe9"}'
	bad "$sh" EINVAL "0xEF" "byte-order mark" "" $'\xef\xbb\xbf{"subject":"a","predicate":"b","object":1}'
	bad "$sh" EINVAL "deeper than 8" "" "${start}{\"ref\":[[[[[[" '[1]]]]]]]}}'
	bad "$sh" EINVAL 'needs "object"' "" "" '{"subject":"a","predicate":"b"}'
	bad "$sh" EINVAL '"object"' "leave the key out" "$start" 'null}'
	bad "$sh" EINVAL '"subject"' "" '{"subject":' '7,"predicate":"b","object":1}'

	printf -v blanks '%66000s' ''
	bad "$sh" EMSGSIZE "65536" "" "" "${start}1,${blanks}\"confidence\":0.5}"
	[ "$(ls "$M/subjects")" = first ]
	say "$sh" "${start}1}" # nothing of all this sticks to the name
	[ "$(value a b)" = 1 ]
	[ "$(receipt x status)" = accepted ]
}

@test "bash: a good claim shows at once" { good bash; }
@test "dash: a good claim shows at once" { good dash; }
@test "busybox sh: a good claim shows at once" { good busybox; }
@test "zsh: a good claim shows at once" { good zsh; }

@test "bash: a bad claim is refused, and last_error says why and where" { all_bad bash; }
@test "dash: a bad claim is refused, and last_error says why and where" { all_bad dash; }
@test "busybox sh: a bad claim is refused, and last_error says why and where" { all_bad busybox; }
@test "zsh: a bad claim is refused, and last_error says why and where" { all_bad zsh; }

@test "a record may have 64 KiB and not a byte more" {
	local start='{"subject":"a","predicate":"b","object":1' blanks
	printf -v blanks '%*s' $((65536 - ${#start} - 1)) ''
	echo "$start$blanks}" > "$M/inbox/x"
	[ "$(value a b)" = 1 ]
	refused EMSGSIZE 65536 say bash "${start/a/c}$blanks }"
	refused EMSGSIZE 65536 say dash "${start/a/c}$blanks }"
}

@test "the message names the program's file and process" {
	run say dash nonsense some.name
	[ "$status" -ne 0 ]
	[ "$(why path)" = inbox/some.name ]
	[ "$(why errno)" -eq 22 ]
	[ "$(why pid)" -gt 1 ]
	[[ $(why time) == 20*T*Z ]]
}
