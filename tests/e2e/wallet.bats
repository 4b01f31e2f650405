#!/usr/bin/env bats
# The wallet: a key is taken only from a directory and a file that are nobody else's, and a
# uid is the agent that it was. Where that does not hold, reads go on, records that come with
# their signatures are taken, and what the wallet would have to sign is refused with EACCES
# and a sentence that holds the way out. No key is ever made in the place of one that was lost.
# sanitizers: asan (files of keys, which one lock guards)
load common
load ../lib/records
load ../lib/furnish

setup() {
	start
	claim a 7 > "$M/inbox/a"
	ME=$(agent_of)
	unmount_store
	W=$S/wallet
	cp -a "$W" "$BATS_TEST_TMPDIR/copy"
}
teardown() { stop; }

put_back() {
	rm -rf "$W"
	cp -a "$BATS_TEST_TMPDIR/copy" "$W"
}

wallet_holds() {
	[ ! -d "$W" ] || (cd "$W" && find . -type f -exec b3sum {} + | sort)
}

# not_signed TEXT HINT: the store comes up; only the wallet signs nothing, and gets no key.
not_signed() {
	local before
	before=$(wallet_holds)
	mount_store
	[ "$(value a p)" = 7 ]
	refused EACCES "$1" sh -c "echo '$(claim b)' > '$M/inbox/b'"
	[[ $(why hint) == *"$2"* ]]
	refused EACCES "$1" sh -c "echo 8 > '$M/subjects/a/p/assert'"
	claim "signed$RANDOM" | signed "$ONE_SEED" > "$M/inbox/c"
	[ "$(wallet_holds)" = "$before" ]
}

# signed_as AGENT: and then it signs again, without another mount.
signed_as() {
	claim "w$((++N))" > "$M/inbox/d"
	[ "$(jq -r '.signers[0]' "$M/subjects/w$N/p/consensus")" = "$1" ]
	[ "$(readlink "$M/agents/me")" = "$1" ]
	unmount_store
}

@test "modes: others may read a key, or enter the wallet" {
	local mode
	for mode in 644 666 620; do
		chmod "$mode" "$W/0.key"
		not_signed "0.key: others may read it (mode $mode)" "chmod 600 $W/0.key"
		eval "$(why hint)"
		signed_as "$ME"
	done
	for mode in 755 777 710; do
		chmod "$mode" "$W"
		not_signed "wallet: others may enter it (mode $mode)" "chmod 700 $W"
		eval "$(why hint)"
		signed_as "$ME"
	done
}

@test "a key is empty, cut, too long, or something else" {
	local how
	for how in ': > 0.key' 'truncate -s 79 0.key' 'echo >> 0.key' 'head -c 80 /dev/urandom > 0.key' \
		'rm 0.key; ln -s store.key 0.key' 'rm 0.key; mkdir 0.key' 'rm 0.key; mkfifo -m 600 0.key'; do
		(cd "$W" && eval "$how")
		not_signed "0.key: is" "putting 0.key back from a copy; or removing 0.agent and 0.key beside it"
		put_back
		signed_as "$ME"
	done
	# its second half no longer belongs to the first
	printf 'xxxx' | dd of="$W/0.key" bs=1 seek=50 conv=notrunc status=none
	not_signed "0.key: is damaged: its public key does not match" "putting 0.key back"
	put_back
	signed_as "$ME"
}

@test "a key is lost: no other is made in its place" {
	rm "$W/0.key"
	not_signed "0.key: the key with which uid 0 has signed is lost" "removing 0.agent beside it, to sign as another agent"
	[ ! -e "$W/0.key" ]
	cp -p "$BATS_TEST_TMPDIR/copy/0.key" "$W/"
	signed_as "$ME"
	# or, as somebody decides who knows it
	rm "$W/0.key"
	not_signed "is lost" "removing 0.agent"
	rm "$W/0.agent"
	claim other > "$M/inbox/other"
	[ "$(agent_of)" != "$ME" ]
	signed_as "$(agent_of)"
}

@test "a key is another uid's, or of another store" {
	"$STEMEFS" key new "$BATS_TEST_TMPDIR/new.key"
	cp "$BATS_TEST_TMPDIR/new.key" "$W/0.key"
	not_signed "0.key: is not the key with which uid 0 has signed" "putting 0.key back from a copy; or removing 0.agent"
	# which is how one takes a key along on purpose
	rm "$W/0.agent"
	signed_as "$("$STEMEFS" key show "$BATS_TEST_TMPDIR/new.key")"
	put_back
	cp "$W/store.key" "$W/0.key"
	not_signed "is not the key with which uid 0 has signed" "putting 0.key back"
	put_back
	signed_as "$ME"
	echo nonsense > "$W/0.agent"
	not_signed "0.agent: is no agent" "stemefs key show"
	"$STEMEFS" key show "$W/0.key" > "$W/0.agent" # as the hint says
	signed_as "$ME"
}

@test "the wallet is missing, or an empty directory" {
	rm -r "$W"
	not_signed "wallet: the keys of this store are lost" "putting $W back from a copy"
	[ ! -e "$W" ]
	put_back
	signed_as "$ME"
	# nothing can be admitted without the store's own key, so no key is made
	rm -r "$W"
	mkdir -m 700 "$W"
	not_signed "store.key: the store's own key is lost" "store.key back from a copy"
	[ -z "$(ls -A "$W")" ]
	put_back
	signed_as "$ME"
	# a file in its place is no wallet
	rm -r "$W"
	: > "$W"
	not_signed "the keys of this store are lost" "putting"
	put_back
	signed_as "$ME"
}

@test "the store's own key is lost or of another store: who has a key goes on, nobody gets one" {
	rm "$W/store.key"
	mount_store
	signed_as "$ME"
	rm "$W"/0.*
	not_signed "store.key: the store's own key is lost" "store.key back from a copy"
	unmount_store
	"$STEMEFS" init "$BATS_TEST_TMPDIR/other"
	cp -p "$BATS_TEST_TMPDIR/other/wallet/store.key" "$W/"
	not_signed "store.key: is the key of another store" "store.key back from a copy"
	unmount_store
	fails "$STEMEFS" admit "$S" "$ME"
	cp -p "$BATS_TEST_TMPDIR/copy/store.key" "$W/"
	quiet "$STEMEFS" admit "$S" "$ME"
	mount_store
	claim x > "$M/inbox/x"
	[ "$(agent_of)" != "$ME" ] # which was lost above, with what said so
}

@test "a wallet from before there were files that say who a uid is" {
	rm "$W/0.agent"
	mount_store
	signed_as "$ME"
	[ "$(cat "$W/0.agent")" = "$ME" ]
	[ "$(stat -c %a "$W/0.agent")" = 600 ]
}

@test "the command line says the same" {
	claim b > "$BATS_TEST_TMPDIR/b"
	chmod 644 "$W/0.key"
	fails "$STEMEFS" put "$S" inbox/b < "$BATS_TEST_TMPDIR/b"
	[[ $output == *"others may read it (mode 644)"*"chmod 600 $W/0.key"* ]]
	fails "$STEMEFS" key list "$S"
	[[ $output == *"chmod 600"* ]]
	chmod 600 "$W/0.key"
	rm "$W/0.key"
	fails "$STEMEFS" put "$S" inbox/b < "$BATS_TEST_TMPDIR/b"
	[[ $output == *"the key with which uid 0 has signed is lost"* ]]
	[ ! -e "$W/0.key" ]
	# settings are signed by the key that is there
	put_back
	chmod 640 "$W/store.key"
	fails "$STEMEFS" admit "$S" "${ME//0/1}"
	[[ $output == *"chmod 600"* ]]
}
