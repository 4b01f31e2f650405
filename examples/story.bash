# What the stories share: a store, a mount and agents of their own, and commands that are
# printed before they run. For `demo` in the directories beside this:
#
#	. "${0%/*}/../story.bash"
#
# A story is run with the program as its argument, in a temporary directory in which
# `store` is mounted on `mnt`. Its output is the same in every run: keys come from fixed
# seeds, and records have the times that the story gives them. In what commands print,
# keys of agents are shown as their names and ids as their first 8 digits.

set -u

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
	echo "usage: $0 PROGRAM (the built stemefs)" >&2
	exit 2
fi
program=$(realpath -- "$1")
verifier=$(realpath -- "${BASH_SOURCE[0]%/*}/verify")
T=$(mktemp -d "${TMPDIR:-/tmp}/story.XXXXXX") || exit 1

mkdir "$T/bin" && ln -s "$program" "$T/bin/stemefs" && ln -s "$verifier" "$T/bin/verify" || exit 1
PATH=$T/bin:$PATH

# By the kernel's word: a mount whose daemon has died answers nobody.
mounted() { grep -qF "/${T##*/}/mnt " /proc/self/mountinfo; }

cleanup() {
	local status=$?
	trap - EXIT
	cd /
	if mounted; then
		stemefs umount "$T/mnt" || fusermount3 -u "$T/mnt" || fusermount3 -uz "$T/mnt"
	fi
	if mounted; then
		echo "${0##*/}: $T/mnt is still mounted" >&2
		exit 1
	fi
	rm -rf --one-file-system -- "$T" || status=1
	exit "$status"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# ---- telling ----

say() {
	echo
	printf '# %s\n' "$@"
}

shown() {
	sed -E -f "$T/names" "$1"
}

# Print a command, run it, print what it says; it has to succeed. Not in a subshell: what
# it sets is there afterwards.
run() {
	printf '$ %s\n' "$1"
	eval "$1" > "$T/output" || fail "that failed"
	shown "$T/output"
}

# The same for a command that has to fail.
refused() {
	local status=0
	printf '$ %s\n' "$1"
	eval "$1" > "$T/output" 2> "$T/error" || status=$?
	shown "$T/output"
	sed -E 's/^.*: line [0-9]+: //' "$T/error"
	[ "$status" -ne 0 ] || fail "that should have failed"
	echo "(exit status $status)"
}

# ---- agents ----

# Everybody can know these seeds. An agent that matters has a key of its own: see
# `stemefs key new`.
seed() {
	printf 'a story of stemefs: %s' "$1" | sha256sum | cut -c 1-64
}

# The public key of an agent.
key() {
	[ -s "$T/key.$1" ] || {
		echo '{"profile":{"name":"x"}}' | stemefs sign --seed "$(seed "$1")" --at 0 |
			jq -r '.signatures[0].agent' > "$T/key.$1"
		sed -i "1i s/$(cat "$T/key.$1")/$1/g" "$T/names"
	}
	cat "$T/key.$1"
}

# says AGENT TIME < RECORDS: they are signed by the agent, as of that time, and posted.
says() {
	stemefs sign --seed "$(seed "$1")" --at "$2" > "$T/signed" &&
		cat "$T/signed" > "mnt/inbox/$1"
}

# id SUBJECT PREDICATE OBJECT: of the claim that says so.
id() {
	jq -r --arg o "$3" 'select((.object | tostring) == $o).id' \
		"mnt/subjects/$1/$2/claims.jsonl"
}

printf '%s\n' 's/\b([0-9a-f]{8})[0-9a-f]{56}\b/\1/g' > "$T/names"
cd "$T" || exit 1
{ mkdir mnt && stemefs init store && stemefs store mnt; } || fail "no mount"
