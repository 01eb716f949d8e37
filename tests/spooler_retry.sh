#!/bin/sh
# planspool retry and purge beside a spooler: what was answered once is sent again, what was not is checked, and the
# deadlines count anew.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

planspool=$build/planspool
# shellcheck disable=SC2119
start_sender
# shellcheck disable=SC2119
configure
make_spool

# run WHAT STATUS ARGUMENT...
run() {
	what=$1 expected=$2
	shift 2
	got=0
	"$planspool" "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
	[ "$got" -eq "$expected" ] || fail "$what: exit status $got, not $expected: $(cat "$scratch/out" "$scratch/err")"
}

script denied final '401, 401, 401, 200'
script slow final '401, 401, 401, 500, 200'
script never final 401
for name in denied slow never; do
	accept_job "$name"
done
accept_job gone
# Nobody can be called back for this one: its endpoint, and every other with its host, is gone.
cp "$scratch/planspool.yaml" "$scratch/whole.yaml"
sed -i -e 's/^  prod:/  qa:/' -e "s|$api|https://elsewhere.example|" "$scratch/planspool.yaml"
mkdir "$scratch/kept"
mv "$spool/new/prod.denied.json" "$spool/new/prod.slow.json" "$spool/new/prod.never.json" "$scratch/kept/"
run_spooler
assert 'gone: undelivered without a result' [ ! -e "$spool/undelivered/prod.gone/result.json" ]
mv "$scratch/kept/"* "$spool/new/"
cp "$scratch/whole.yaml" "$scratch/planspool.yaml"
run_spooler
for name in denied slow never gone; do
	assert "$name: undelivered" [ -d "$spool/undelivered/prod.$name" ]
	[ "$name" = gone ] || cp "$spool/undelivered/prod.$name/result.json" "$scratch/$name.json"
done
# Received long ago: without new deadlines, the first 500 would be the end.
sed -i 's/"received_at":"[0-9]*/"received_at":"2020/' "$spool/undelivered/prod.slow/request.json"

run 'without a spooler' 0 retry prod.gone
assert_grep 'without a spooler' '^prod\.gone: taken back, no answer was made yet: it is checked$' "$scratch/out"
assert_grep 'without a spooler' '^No spooler has shown life' "$scratch/out"
assert 'gone: active' [ -d "$spool/active/prod.gone" ]

# shellcheck disable=SC2119
start_spooler
retry 20 [ -d "$spool/done/prod.gone" ] || fail 'gone is not taken up'
run 'two of three' 2 retry prod.denied prod.none prod.slow
assert_grep 'two of three' '^prod\.denied: taken back, its answer is delivered again$' "$scratch/out"
assert_grep 'two of three' '^prod\.slow: taken back' "$scratch/out"
assert_grep 'two of three' 'there is no job prod\.none' "$scratch/err"
if grep -q 'No spooler' "$scratch/out"; then fail 'a spooler lives'; fi
# Its sender asks again meanwhile.
accept_job denied
for name in denied slow; do
	retry 30 [ -d "$spool/done/prod.$name" ] || fail "$name is not delivered"
	assert "$name: its result" cmp -s "$scratch/$name.json" "$spool/done/prod.$name/result.json"
	assert_equal "$name: retried" 1 "$(grep -c '"event":"retried"' "$spool/done/prod.$name/log.jsonl")"
	expect "$name" passed .
done
expect gone passed .
expect_asked PATCH denied 'running:200 final:401 final:401 final:401 final:200'
expect_asked PATCH slow 'running:200 final:401 final:401 final:401 final:500 final:200'
expect_asked PATCH gone 'running:200 final:200'

run 'once more' 2 retry prod.denied
assert_grep 'once more' 'prod\.denied is in done/: its answer was delivered' "$scratch/err"
run 'in vain' 0 retry prod.never
retry 30 [ -d "$spool/undelivered/prod.never" ] || fail 'never comes back'
assert 'never: its result' cmp -s "$scratch/never.json" "$spool/undelivered/prod.never/result.json"
# shellcheck disable=SC2119
stop_spooler
accept_job waiting
run 'what is new' 2 retry prod.waiting
assert_grep 'what is new' 'is in new/: it has not been taken up yet' "$scratch/err"
run 'no id' 2 retry
run 'not an id' 2 retry ../done

echo nonsense >"$spool/corrupt/prod.x.json.1"
run 'nothing is that old' 0 purge
assert_equal 'nothing is that old' 'done: 0 removed undelivered: 0 removed' \
	"$(tr '\n' ' ' <"$scratch/out" | sed 's/ $//')"
touch -d '31 days ago' "$spool/done/prod.slow" "$spool/undelivered/prod.never"
run 'as the configuration keeps' 0 purge
assert_equal 'as the configuration keeps' 'done: 1 removed undelivered: 0 removed' \
	"$(tr '\n' ' ' <"$scratch/out" | sed 's/ $//')"
run 'an age' 0 purge --older-than 30d --state undelivered
assert_equal 'an age' 'undelivered: 1 removed' "$(cat "$scratch/out")"
run 'corrupt without an age' 2 purge --state corrupt
assert 'corrupt is left' [ -e "$spool/corrupt/prod.x.json.1" ]
touch -d '2 hours ago' "$spool/corrupt/prod.x.json.1"
run 'corrupt' 0 purge --state corrupt --older-than 1h
assert_equal 'corrupt' 'corrupt: 1 removed' "$(cat "$scratch/out")"
run 'a state that is not purged' 2 purge --state active
run 'an age that is none' 2 purge --older-than long
retry 5 "$planspool" purge --older-than 0s
assert_equal 'done is empty' '' "$(ls "$spool/done")"
assert 'new is not touched' [ -f "$spool/new/prod.waiting.json" ]
expect_no_secrets
finish
