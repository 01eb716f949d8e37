#!/bin/sh
# A spool on a small file system that fills up: the handler refuses early, with 503 and Retry-After, and leaves room
# for what was accepted; duplicates are still answered 200. When there is none at all the jobs wait, and everything
# works again by itself once there is. Needs root for a tmpfs of its own, or user namespaces.
# shellcheck disable=SC2119
if [ "$(id -u)" -ne 0 ] && [ -z "${PLANSPOOL_UNSHARED-}" ] && unshare -rm true 2>/dev/null; then
	PLANSPOOL_UNSHARED=1 exec unshare -rm sh "$0" "$@"
fi
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

mkdir "$spool"
if ! mount -t tmpfs -o size=24m,nr_inodes=4000,mode=750 planspool-test "$spool" 2>"$scratch/mount.log"; then
	echo "$test_name: cannot mount a tmpfs: $(cat "$scratch/mount.log")"
	exit 77
fi
unmount() {
	for pid in $pids; do
		kill -KILL "$pid" 2>/dev/null || :
	done
	sleep 0.2
	umount "$spool" || umount -l "$spool"
}
trap 'status=$?; unmount; exit_status $status' EXIT
exit_status() {
	set +e
	(exit "$1")
	cleanup
}

start_sender
configure
make_spool

# answer NAME STATUS: what a request is answered.
answer() {
	post_job "$1"
	assert_equal "$1: answer" "$2" "$(sed -n 's/^Status: \([0-9]*\) .*/\1/p' "$scratch/response" | tr -d '\r')"
	[ "$2" = 200 ] || assert_grep "$1" '^Retry-After: [0-9]+' "$scratch/response"
}

accept_job first
# Less than 16 MiB are left.
head -c 12000000 /dev/zero >"$spool/ballast"
answer refused 503
assert_equal "nothing of it" '' "$(find "$spool" -name '*refused*')"
answer first 200
assert_grep "the log says why" 'refused: .*No space left on device' "$scratch/handler.log"
run_spooler
expect first passed '1 passed'
rm "$spool/ballast"

# Fewer than 1000 files are left.
mkdir "$spool/ballast"
seq 3200 | (cd "$spool/ballast" && xargs touch)
answer refused 503
rm -r "$spool/ballast"
answer refused 200

# Nothing is left at all when a result is to be written.
script published plan '200 until=full'
accept_job published
planspoold=$build/tests/planspoold_brisk
start_spooler
planspoold=$build/planspoold
retry 20 [ -d "$spool/active/prod.published" ] || fail "published is not claimed"

cat /dev/zero >"$spool/ballast" 2>/dev/null || :
: >"$sender/full"
retry 20 grep -q 'prod.published: the result cannot be written: No space left on device' "$scratch/spooler.log" || fail "no result"
# The sender hears that the job lives, again and again.
running=$(how_often published running)
retry 60 asked_again published running $((running + 2)) || fail "the sender hears nothing while the result cannot be written"
accept_more() {
	post_job late
	grep -q '^Status: 503' "$scratch/response"
}
assert "no more jobs" accept_more
rm "$spool/ballast"
retry 60 [ -d "$spool/done/prod.published" ] || fail "published does not go on"
answer late 200
retry 60 [ -d "$spool/done/prod.late" ] || fail "late is not done"
stop_spooler
for name in refused published late; do
	expect "$name" passed '1 passed'
done

# A spooler that is started when nothing is left waits for room, and removes what has been kept long enough. With --once it
# says so and ends.
accept_job waiting
cat /dev/zero >"$spool/ballast" 2>/dev/null || :
mkdir -p "$scratch/fill" && cp "$spool/done/prod.late/request.json" "$scratch/fill"
(while cp "$scratch/fill/request.json" "$spool/ballast.$((n += 1))"; do :; done) 2>/dev/null || :
status=0
"$planspoold" --once 2>>"$scratch/spooler.log" || status=$?
assert_equal "--once without room" 2 "$status"
start_spooler
retry 20 grep -q "waiting for room on the spool's file system" "$scratch/spooler.log" || fail "it does not wait for room"
assert "it lives" kill -0 "$spooler_pid"
kill "$spooler_pid"
configure 'keep: {done: 1s}'
start_spooler
retry 60 [ ! -d "$spool/done/prod.late" ] || fail "what has been kept long enough is not removed"
rm "$spool"/ballast*
configure
retry 60 [ -d "$spool/done/prod.waiting" ] || fail "it does not go on when there is room"
stop_spooler
expect waiting passed '1 passed'
finish
