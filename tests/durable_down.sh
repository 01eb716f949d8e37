#!/bin/sh
# A sender that is down, with more jobs of its own than the workers can carry: the jobs of other senders are carried as
# if it were not there, those that lie behind its own and those that come in.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

start_sender
down=http://127.0.0.1:1
configure "  down: {path: /run-task/down, hmac_keys: [$scratch/prod.key], hosts: [\"$down\"], checks: $checks}"
make_spool

carried() {
	[ "$(find "$spool/active" -mindepth 1 -maxdepth 1 -name 'down.*' | wc -l)" -ge "$1" ]
}

# Two workers have 2304 places.
seq -f dead-%.0f 3000 | make_jobs "$spool" "$down" down
start_spooler
retry 60 carried 2000 || fail "the jobs of the sender that is down are not taken up"
names=$(seq -f alive-%.0f 20)
printf '%s\n' "$names" | make_jobs "$spool"
for name in $names; do
	retry 30 [ -d "$spool/done/prod.$name" ] || fail "$name waits for a sender that is not its own"
done
accept_job newest
retry 30 [ -d "$spool/done/prod.newest" ] || fail "a sender that is down blocks what is new"
assert "the jobs of the sender that is down are kept" carried 2000
assert_equal "and none has ended" '' "$(find "$spool/done" "$spool/undelivered" "$spool/corrupt" -mindepth 1 -name 'down.*')"
kill -9 "$spooler_pid"
finish
