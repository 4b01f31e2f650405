#!/usr/bin/env bats
# sanitizers: asan (what answers say; the threads meet as they do in others)
# Where values end is decided by JSON, not by write(2) and not by lines; what a program is
# told does not depend on how it cuts its bytes, and nobody is left untold.
load common
load ../lib/records
setup() { start; }
teardown() { stop; }

# Python with a file open: py SCRIPT [ARGUMENT…]. write(bytes), fd, f, and errno by name.
py() {
	local script=$1
	shift
	python3 -c '
import errno, os, signal, sys, time
f = sys.argv[1]
fd = os.open(f, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
def write(text):
    assert os.write(fd, text) == len(text)
def fails(code, call, *arguments):
    try:
        call(*arguments)
    except OSError as e:
        assert e.errno == code, e
    else:
        raise SystemExit("no error from %s%s" % (call.__name__, arguments))
'"$script" "$M/inbox/f" "$@"
}
A='{"subject":"a","predicate":"p","object":1}'
B='{"subject":"b","predicate":"p","object":2}'
C='{"subject":"c","predicate":"p","object":3}'

@test "one value pretty-printed over many lines and writes" {
	jq --indent 7 . <<< "$A" | dd bs=1 status=none of="$M/inbox/f"
	[ "$(value a p)" = 1 ]
	jq --tab . <<< "$B" > "$M/inbox/f"
	[ "$(value b p)" = 2 ]
	[ "$(receipt f status)" = accepted ]
}

@test "several values on one line, with and without blanks" {
	echo "$A$B  $C" > "$M/inbox/f"
	[ "$(value a p)$(value b p)$(value c p)" = 123 ]
	[ "$(receipt f status)" = "accepted accepted accepted" ]
}

@test "the end of one pretty value and the start of the next on a line" {
	printf '{\n"subject":"a",\n"predicate":"p","object":1}{\n"subject":"b","predicate":"p","object":2\n}' > "$M/inbox/f"
	[ "$(value a p)$(value b p)" = 12 ]
}

@test "carriage returns, blank lines, tabs, and no newline at the end" {
	printf '\r\n\r\n%s\r\n\n \t\r\n%s\r\n\r\n%s' "$A" "$B" "$C" > "$M/inbox/f"
	[ "$(value a p)$(value b p)$(value c p)" = 123 ]
	printf '{\r\n  "subject": "d",\r\n  "predicate": "p",\r\n  "object": 4\r\n}\r\n' > "$M/inbox/g"
	[ "$(value d p)" = 4 ]
	[ "$(records)" -eq 5 ] # four, and the admission of our key
}

@test "nothing but blanks is nothing" {
	printf ' \n\r\n\t\n' > "$M/inbox/f"
	py 'write(b" "); write(b"\n"); os.close(fd)'
	[ "$(records)" -eq 0 ]
	[ ! -e "$M/receipts/f" ]
}

@test "a brace inside a string is no brace, and an escaped quote no quote" {
	echo '{"subject":"a}{","predicate":"\"p\\","object":"{\"x\":[1}"}' > "$M/inbox/f"
	[ "$(jq -r .object "$M"/subjects/*/*/consensus)" = '{"x":[1}' ]
	[ "$(ls "$M/subjects")" = 'a}{' ]
}

@test "a newline in a value is fine where the first line ends in { , : or [" {
	printf '{ \t\n"subject":"a","predicate":"p","object":1}\n' > "$M/inbox/1"
	printf '{"subject":"a","predicate":"p", \n"object":2}\n' > "$M/inbox/2"
	printf '{"subject":"a","predicate":"p","object":\r\n3}\n' > "$M/inbox/3"
	printf '{"vector":[\n0.5\n]\n,"subject":"a","predicate":"p","object":4}' > "$M/inbox/4"
	[ "$(jq .object "$M/subjects/a/p/claims.jsonl" | xargs)" = "1 2 3 4" ]
}

@test "a newline elsewhere is a missing brace, said by the write that brings it" {
	py '
write(b"{\"subject\":\"a\",\"predicate\":\"p\",")
write(b"\"object\":1 ")
fails(errno.EINVAL, os.write, fd, b"\n")
os.close(fd)'
	[ "$(why offset)" -eq 42 ]
	[[ $(why message) == *"missing brace?"* ]]
	[ "$(records)" -eq 0 ]
}

@test "a newline inside a string is no newline of the value" {
	refused EINVAL control py '
write(b"{\"subject\":\"a\",\"predicate\":\"p\",\"object\":\"x")
fails(errno.EINVAL, os.write, fd, b"\ny\"}\n")
sys.exit(1)'
	[ "$(why offset)" -eq 42 ]
}

@test "an incomplete value at close: close says EINVAL" {
	py '
write(sys.argv[2].encode() + b"{\"subject\":")
fails(errno.EINVAL, os.close, fd)' "$A"
	[ "$(value a p)" = 1 ]
	[ "$(why code)" = EINVAL ]
	[ "$(why offset)" -eq ${#A} ]
	[ "$(receipt f status)" = "accepted refused" ]
	[ "$(receipt f record)" = "null 1" ]
	incomplete() { printf '{"subject":"x"' | cp /dev/stdin "$M/inbox/f"; }
	refused EINVAL "ends inside a value" incomplete
}

@test "children that close what they inherited, in mid-record, do nothing" {
	{
		printf '{"subject":"a",\n'
		(true)
		/bin/true
		printf '"predicate":'
		/bin/echo -n '"p",'
		python3 -c 'import os; os.close(1)'
		printf '"object":1}'
	} > "$M/inbox/f"
	[ "$(value a p)" = 1 ]
	[ ! -s "$M/.stemefs/errors.jsonl" ]
}

@test "a child may finish what its parent has begun" {
	py '
write(b"{\"subject\":\"a\",")
if os.fork() == 0:
    write(b"\"predicate\":\"p\",\"object\":1}\n")
    os._exit(0)
os.wait()
os.close(fd)'
	[ "$(value a p)" = 1 ]
	[ ! -s "$M/.stemefs/errors.jsonl" ]
}

@test "a thread may close what another has opened" {
	py '
import threading
def end():
    write(b"\"p\",")
    fails(errno.EINVAL, os.close, fd)
    os.write(1, b"told")
write(b"{\"subject\":\"a\",\"predicate\":")
t = threading.Thread(target=end)
t.start()
t.join()' > "$BATS_TEST_TMPDIR/out"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = told ]
}

@test "an early flush is fine" {
	py '
os.close(os.dup(fd)) # as shells do before the first write
write(sys.argv[2].encode())
os.close(os.dup(fd))
write(b"\n")
os.close(fd)' "$A"
	[ "$(value a p)" = 1 ]
	[ ! -s "$M/.stemefs/errors.jsonl" ]
}

@test "what stands before a bad value is stored, what stands behind it is not" {
	all() { echo "$A nonsense $B" > "$M/inbox/f"; }
	fails all
	[ "$(value a p)" = 1 ]
	[ ! -e "$M/subjects/b" ]
	[ "$(why offset)" -eq $((${#A} + 1)) ]
	[ "$(receipt f status)" = "accepted refused" ]
	cut() { printf '%s\n%s\n%s\n' "$B" "${C/3/NaN}" "$A" | dd bs=5 of="$M/inbox/g" status=none; }
	fails cut
	[ "$(value b p)" = 2 ]
	[ ! -e "$M/subjects/c" ]
	[ "$(receipt g status)" = "accepted refused" ]
	[ "$(why offset)" -eq $((${#B} + 1 + 40)) ]
}

@test "a refused handle stays refused until it is opened again" {
	py '
good = sys.argv[2].encode()
fails(errno.EINVAL, os.write, fd, b"nonsense\n")
fails(errno.EINVAL, os.write, fd, good)
fails(errno.EINVAL, os.write, fd, b"\n")
fails(errno.EINVAL, os.write, fd, good)
os.close(fd)
fd = os.open(f, os.O_WRONLY)
write(good)
os.close(fd)' "$A"
	[ "$(value a p)" = 1 ]
	[ "$(records)" -eq 2 ]
	[ "$(receipt f status)" = "refused accepted" ] # one line per refusal, not per write
	[ "$(wc -l < "$M/.stemefs/errors.jsonl")" -eq 1 ]
}

@test "a refusal is the handle's own: another one on the same name goes on" {
	py '
other = os.open(f, os.O_WRONLY)
os.write(other, b"{\"subject\":\"b\",")
fails(errno.EINVAL, os.write, fd, b"nonsense\n")
os.write(other, b"\"predicate\":\"p\",\"object\":2}")
os.close(other)'
	[ "$(value b p)" = 2 ]
}

# errors.jsonl holds one line with this message.
noted() {
	[ "$(jq -r .message "$M/.stemefs/errors.jsonl" | grep -c "$1")" -eq 1 ]
}

@test "a writer killed in mid-record leaves a note" {
	py '
write(sys.argv[2].encode() + b"\n{\"subject\":\"b\",")
print("there", flush=True)
os.kill(os.getpid(), signal.SIGKILL)' "$A" > "$BATS_TEST_TMPDIR/out" || [ $? -eq 137 ]
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = there ]
	eventually noted "incomplete\|inside a value"
	[ "$(jq .offset "$M/.stemefs/errors.jsonl")" -eq $((${#A} + 1)) ]
	[ "$(jq -r .path "$M/.stemefs/errors.jsonl")" = inbox/f ]
	[ "$(value a p)" = 1 ]
	[ "$(records)" -eq 2 ]
}

@test "a record that its opener left to somebody else, who left it incomplete, leaves a note" {
	py '
if os.fork() == 0:
    time.sleep(0.1)
    write(b"{\"subject\":\"b\",")
    os.close(fd) # nobody to tell: this is not who opened it
    os._exit(0)
os.close(fd)
os.wait()'
	eventually noted incomplete
	[ "$(records)" -eq 0 ]
}

@test "the outcome is the same for every way of cutting" {
	local n i text first
	text="$A$(jq . <<< "$B")"$'\n\n'"{\"subject\":\"é\",\"predicate\":\"p\",\"object\":\"\\ud83d\\ude00\",\"confidence\":1e1}$C"
	for n in 1 2 3 5 7 11 64 4096; do
		cut() { printf %s "$text" | dd bs=$n status=none iflag=fullblock of="$M/inbox/f"; }
		fails cut
		i=$(jq -c '[.code, .message, .offset, .hint]' "$M/.stemefs/last_error")
		[ "$i" = "${first:=$i}" ]
		[ "$(receipt f record | xargs -n 1 | tail -n 1)" = 2 ]
	done
	[[ $first == '["EINVAL","\"confidence\": 1e1 is over 1",'* ]]
	[ ! -e "$M/subjects/c" ]
}

@test "a write larger than the kernel passes on at once" {
	local n
	n=$(few 6000 600)
	claims "$n" > "$BATS_TEST_TMPDIR/many"
	py 'text = open(sys.argv[2], "rb").read()
while text:
    text = text[os.write(fd, text):]
os.close(fd)' "$BATS_TEST_TMPDIR/many"
	[ "$(wc -l < "$M/receipts/f")" -eq "$n" ]
	[ "$(records)" -eq $((n + 1)) ]
}
