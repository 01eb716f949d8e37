#!/bin/sh
# Seal keys are replaced while jobs wait, are checked and are delivered: with the old one as a second secret key all are
# answered. What was sealed with a key that is gone ends in undelivered/, which says so, and is tried again when the key is back:
# what was decided is sent, what was not is checked.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

planspool=$build/planspool
start_sender
make_spool
mkdir "$scratch/old" "$scratch/young"
mv "$scratch/seal.pub" "$scratch/seal.key" "$scratch/old/"
"$planspool" keygen seal "$scratch/young" >/dev/null || fail "planspool keygen: exit status $?"

# use PUBLIC SECRET...: these keys are configured; the others are not to be found.
use() {
	cp "$scratch/$1/seal.pub" "$scratch/seal.pub"
	shift
	secret=
	for key_name in "$@"; do
		secret="$secret${secret:+, }$scratch/$key_name/seal.key"
	done
	configure
	sed -i "s|^seal: .*|seal: {public_key: $scratch/seal.pub, secret_key: [$secret]}|" "$scratch/planspool.yaml"
}
# accept_in_flight WAY: jobs that are checked, that are delivered and that wait for another try; planspoold runs.
accept_in_flight() {
	changing "$1-again"
	script "$1-plan" plan "200 stall=1000 until=$1"
	script "$1-final" plan '200, 200 body=destroy.json'
	script "$1-final" final "200 until=$1"
	script "$1-again" final "503 until=$1, 503, 200"
	for job in plan final again; do
		accept_job "$1-$job"
	done
	retry 30 asked_again "$1-plan" plan 0 || fail "$1-plan is not fetched"
	for job in final again; do
		retry 30 asked_again "$1-$job" final 0 || fail "$1-$job is not delivered"
	done
}

# ends NAME: delivered, and passed, as the plan was judged when it was first fetched.
ends() {
	retry 30 [ -d "$spool/done/prod.$1" ] || fail "$1 does not end"
	answered_once "$spool" "$1" || fail "$1"
	assert_grep "$1: result" '"status":"passed"' "$spool/done/prod.$1/result.json"
}

# ---- both keys are there ----

use old old
accept_job waiting-first
start_spooler
accept_in_flight both
use young young old
# Before the spooler has heard of it, the handler takes nothing that could not be opened.
post_job early
assert_grep "early" '^Status: 503 ' "$scratch/response"
assert_grep "the handler says why" 'seal' "$scratch/handler.log"
reload ': reloaded$'
accept_job early
accept_in_flight sealed-anew
# What went to workers of the old settings and is left by them is opened by those of the new.
kill -KILL "$spooler_pid"
wait "$spooler_pid" 2>/dev/null || :
accept_job waiting-young
: >"$sender/both"
: >"$sender/sealed-anew"
start_spooler
for name in waiting-first early waiting-young both-plan both-final both-again sealed-anew-plan sealed-anew-final sealed-anew-again; do
	ends "$name"
done

# ---- the old one is gone ----

use old young old
accept_in_flight gone
kill -KILL "$spooler_pid"
wait "$spooler_pid" 2>/dev/null || :
accept_job gone-new
use young young
accept_job kept
: >"$sender/gone"
cp "$spool/active/prod.gone-final/result.json" "$scratch/decided"
finals=$(cat "$sender"/gone-*.final.* | wc -c)
start_spooler
ends kept
for job in plan final again new; do
	retry 30 [ -d "$spool/undelivered/prod.gone-$job" ] || fail "gone-$job is not undelivered"
	assert_grep "gone-$job: why" '"undelivered","detail":"sealed: none of the 1 secret seal keys opens it .it was sealed with key [0-9a-f]{16}' \
		"$spool/undelivered/prod.gone-$job/log.jsonl"
done
assert_equal "nothing more is sent for them" "$finals" "$(cat "$sender"/gone-*.final.* | wc -c)"
assert "what was decided is kept" cmp -s "$scratch/decided" "$spool/undelivered/prod.gone-final/result.json"
# In vain as long as it is gone.
"$planspool" retry prod.gone-new >/dev/null || fail "planspool retry: exit status $?"
retry 30 [ -d "$spool/undelivered/prod.gone-new" ] || fail "gone-new does not come back"
use young young old
reload ': reloaded$'
"$planspool" retry prod.gone-plan prod.gone-final prod.gone-again prod.gone-new >/dev/null || fail "planspool retry: exit status $?"
for job in plan final again new; do
	ends "gone-$job"
done
assert "what was decided is sent" cmp -s "$scratch/decided" "$spool/done/prod.gone-final/result.json"
stop_spooler
assert_equal "undelivered or corrupt" '' "$(find "$spool/undelivered" "$spool/corrupt" -mindepth 1)"
assert_equal "left" '' "$(left "$spool")"
finish
