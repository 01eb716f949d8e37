#!/bin/sh
# Spools that earlier versions left: tests/spools/format-N is one with jobs in every state, as the first version with that
# format wrote it (the origin of the sender, the time and the host are put in here). The present version carries each job to
# its end, and what was decided stays decided. A spool of a format that is not known is refused by everybody, and not touched.
# shellcheck disable=SC2119
. "${srcdir:-$(dirname "$0")/..}/tests/durable_lib.sh"

planspool=$build/planspool
start_sender
configure

# lay_out FORMAT: $spool and the seal keys as they were left, just now and by this host.
lay_out() {
	rm -rf "$spool"
	cp -R "$src/tests/spools/$1/spool" "$spool"
	cp "$src/tests/spools/$1/seal.pub" "$src/tests/spools/$1/seal.key" "$scratch/"
	chmod -R u+w "$spool"
	chmod 600 "$scratch/seal.key"
	find "$spool" -type f -exec sed -i "s|@API@|$api|g; s|@RECEIVED@|$(date -u +%Y-%m-%dT%H:%M:%S.000Z)|g; s|@HOST@|$(uname -n)|g" {} +
}

# events NAME EVENT: how often it is in the log of a job in done/.
events() {
	grep -c "\"event\":\"$2\"" "$spool/done/prod.$1/log.jsonl" || :
}

# ---- format 1 ----

lay_out format-1
cp "$spool/active/prod.answered/result.json" "$scratch/answered"
cp "$spool/undelivered/prod.denied/result.json" "$scratch/denied"
cp "$spool/done/prod.known/log.jsonl" "$scratch/known"
script checking plan '200 body=destroy.json'
run_spooler
expect fresh passed '1 passed'
expect checking failed '1 failed'
expect blamed failed 'ended the checking process three times'
expect answered failed 'delete_me'
assert "answered: it was decided" cmp -s "$scratch/answered" "$sender/answered.final.1"
expect_asked GET answered ''
for name in checking answered blamed; do
	assert_equal "$name: taken over" 1 "$(events "$name" 'taken over')"
done
assert "known: a duplicate changes nothing" cmp -s "$scratch/known" "$spool/done/prod.known/log.jsonl"
expect_asked PATCH known ''
"$planspool" retry prod.denied >/dev/null || fail "planspool retry: exit status $?"
run_spooler
expect denied passed '1 passed'
assert "denied: it was decided" cmp -s "$scratch/denied" "$sender/denied.final.1"
accept_job known
run_spooler
expect_asked PATCH known ''
for place in tmp new active undelivered corrupt spoolers; do
	assert_equal "left in $place/" '' "$(ls -A "$spool/$place")"
done
expect_no_secrets

# ---- formats that are not known ----

# refused WHAT STATUS COMMAND...: says that the format is another one.
refused() {
	what=$1 expected=$2 status=0
	shift 2
	"$@" >"$scratch/out" 2>&1 || status=$?
	assert_equal "$what: exit status" "$expected" "$status"
	assert_grep "$what" 'format is not 1: this spool belongs to another version of planspool' "$scratch/out"
}
for format in 2 0 1.5 ''; do
	lay_out format-1
	echo "$format" >"$spool/format"
	(cd "$spool" && find . -type f -exec cksum {} + | sort) >"$scratch/before"
	refused "planspoold with format '$format'" 2 "$planspoold" --once
	refused "planspool list with format '$format'" 2 "$planspool" list
	refused "planspool retry with format '$format'" 2 "$planspool" retry prod.denied
	post_job more
	assert_grep "the handler with format '$format'" '^Status: 503 ' "$scratch/response"
	assert_grep "the handler's log" "format is not 1" "$scratch/handler.log"
	: >"$scratch/handler.log"
	(cd "$spool" && find . -type f -exec cksum {} + | sort) >"$scratch/after"
	assert "format '$format': nothing is touched" cmp -s "$scratch/before" "$scratch/after"
done
finish
