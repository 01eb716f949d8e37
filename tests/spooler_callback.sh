#!/bin/sh
# Delivering results to a sender that misbehaves: all jobs go through one run.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

# shellcheck disable=SC2119
start_sender
checks='[{changes: {max_delete: 0}}]'
# shellcheck disable=SC2119
configure
cp "$src/tests/plans/lifecycle/destroy.json" "$sender/destroy.json"
make_spool

# Where the job ends, and how it was asked; "r" stands for running, "f" for final.
while read -r name state requests; do
	case $name in '#'* | '') continue ;; esac
	eval "requests_$name=\$requests state_$name=\$state"
	names="${names-} $name"
done <<'END'
plain		done		r:200 f:200
created		done		r:201 f:204
closed		done		r:409
unsure		done		r:200 f:0 f:409
late		done		r:200 f:409
less		done		r:200 f:422 f:200
least		done		r:200 f:422 f:422 f:200
toomuch		undelivered	r:200 f:422 f:422 f:422 f:422 f:422
denied		undelivered	r:200 f:401 f:401 f:401
unknown		undelivered	r:404 f:404 f:404 f:404
mended		done		r:200 f:401 f:404 f:200
busy		done		r:200 f:500 f:502 f:200
limited		done		r:200 f:429 f:200
moved		done		r:200 f:307 f:200
mute		done		r:401 f:200
mute422		done		r:422 f:200
mute500		done		r:500( r:500)* f:200
reset		done		r:200 f:500 f:200
twice		done		r:200 f:200
cut		done		r:200 f:200
cut409		done		r:200 f:409
END
script created running 201
script created final 204
script closed running 409
script closed plan "200 until=closed"
script unsure final "close, 409"
script late final 409
script less plan "200 body=destroy.json"
script less final "422, 200"
script least plan "200 body=destroy.json"
script least final "422, 422, 200"
script toomuch final 422
script denied final 401
script unknown running 404
script unknown final 404
script mended final "401, 404, 200"
script busy final "500, 502, 200"
script limited final "429 retry=1, 200"
script moved final "307 location=$storage/object/moved, 200"
script mute running 401
script mute422 running 422
script mute500 running 500
script reset final "500 reset=0, 200"
script twice final "200 until=closed"
script cut final "200 body=destroy.json cut=100"
script cut409 final "409 body=destroy.json cut=100"
# An address where nobody listens at first, and one for the job that makes the spooler pause.
refused_port=$((20000 + $(random_port) % 12000))
other=http://localhost:$api_port
sed -i "s|hosts: .*|hosts: [\"$api\", \"$other\", \"http://127.0.0.1:$refused_port\"]|" "$scratch/planspool.yaml"
for name in $names; do
	case $name in
	limited)
		accept_job "$name" "plan=$other/api/v2/plans/limited/json-output" \
			"callback=$other/api/v2/task-results/limited/callback?secret=q-limited"
		;;
	*) accept_job "$name" ;;
	esac
done
accept_job refused "plan=$api/api/v2/plans/refused/json-output" \
	"callback=http://127.0.0.1:$refused_port/api/v2/task-results/refused/callback?secret=q-refused"

start_spooler --once
retry 30 grep -q '"event":"closed by the sender"' "$spool/done/prod.closed/log.jsonl" || fail "closed does not end"
# There is one in done/ already: that one decides, and nothing is delivered again and again.
retry 30 asked_again twice final 0 || fail "twice is not delivered"
mkdir "$spool/done/prod.twice"
echo earlier >"$spool/done/prod.twice/log.jsonl"
: >"$sender/closed"
retry 30 grep -q '"event":"callback".*tried again' "$spool/active/prod.refused/log.jsonl" ||
	fail "refused is not repeated"
first_api=$api
start_sender -a "$refused_port"
api=$first_api
wait "$spooler_pid" || fail "planspoold --once: exit status $?"

for name in $names; do
	eval "requests=\$requests_$name state=\$state_$name"
	expect_asked PATCH "$name" "$(echo "$requests" | sed 's/r:/running:/g; s/f:/final:/g')"
	[ -f "$spool/$state/prod.$name/log.jsonl" ] || fail "$name is not in $state/"
done
for name in plain created unsure mended busy limited moved mute mute422 mute500 reset; do
	for sent in "$sender/$name".final.*; do
		cmp -s "$sent" "$spool/done/prod.$name/result.json" || fail "$name: ${sent##*/} is not result.json"
	done
done
expect plain passed '1 passed'
expect refused passed '1 passed'

assert_equal "what was in done/ first stays" earlier "$(cat "$spool/done/prod.twice/log.jsonl")"

# Less each time, and never written back.
cmp -s "$sender/less.final.1" "$spool/done/prod.less/result.json" || fail "less: the first is not result.json"
assert_grep "less: first" '"relationships"' "$sender/less.final.1"
assert "less: then no outcomes" [ -z "$(grep relationships "$sender/less.final.2")" ]
assert_grep "less: status and message" '"attributes":[{]"status":"failed","message":' "$sender/less.final.2"
assert_grep "least: status and message" '"attributes":[{]"status":"failed","message":' "$sender/least.final.3"
assert "a waiting time is kept" [ "$(waited limited final)" -ge 1000 ]
assert "a reset with 500 is none" [ "$(waited reset final)" -ge 1000 ]

# Nothing more is asked once the result is closed; the reasons are in the logs.
expect_asked GET closed 'plan:200'
for row in closed:'closed by the sender","detail":"409' late:'closed by the sender","detail":"409' \
	mute:"'running' was not accepted: 401" busy:'callback","detail":"500; tried again in' \
	refused:'callback","detail":"[^"]*onnect[^"]*; tried again in'; do
	assert_grep "${row%%:*}: log" "${row#*:}" "$spool/done/prod.${row%%:*}/log.jsonl"
done
for row in denied:'undelivered","detail":"401; tried three times' unknown:'undelivered","detail":"404' \
	toomuch:'undelivered","detail":"422'; do
	assert_grep "${row%%:*}: log" "${row#*:}" "$spool/undelivered/prod.${row%%:*}/log.jsonl"
	assert "${row%%:*}: its result is kept" [ -s "$spool/undelivered/prod.${row%%:*}/result.json" ]
done
assert_equal "each try is in the log first" 3 \
	"$(grep -c '"event":"deliver"' "$spool/undelivered/prod.denied/log.jsonl")"

# The sender wants more patience than the run has, of which 15 s are left. Alone, since its host is not asked meanwhile.
script patient final "503 retry=4000, 200"
accept_job patient
received=$(date -u -d '3585 seconds ago' +%Y-%m-%dT%H:%M:%S.000Z)
sed -i "s/\"received_at\":\"[^\"]*\"/\"received_at\":\"$received\"/" "$spool/new/prod.patient.json"
run_spooler
expect_asked PATCH patient 'final:503 final:200'
assert "patient is done" [ -f "$spool/done/prod.patient/result.json" ]
expect_no_secrets
finish
