#!/bin/sh
# Every mood of the sender that planspool-sim knows, against the whole of planspool: nginx, handler and spooler. All
# runs are under way at once, so that their waits pass together; each has addresses of its own, so that what the
# spooler learns of one sender does not touch the others.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need nginx curl openssl

sim=$build/planspool-sim
[ -x "$sim" ] || { echo 'sim_moods: configured without planspool-sim'; exit 77; }
socket=$scratch/handler.sock
api_port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))

# Each line: a name, the exit status, how plan, storage, running and final callbacks are answered (whole extended
# regular expressions over the statuses; 0: not at all), and the options.
cat >"$scratch/moods" <<'END'
usual|0|307|200|200|200|
breaks|1|307|200|200|200|--plan DESTROY
advisory|1|307|200|200|200|--plan DESTROY --enforcement advisory
pre-plan|0|||(200)?|200|--stage pre_plan
pre-apply|0|307|200|200|200|--stage pre_apply
post-apply|0|307|200|200|200|--stage post_apply
relative|0|307|200|200|200|--relative-plan-url
same|0|307|200|200|200|--redirect same
none|0|200||200|200|--redirect none
not-ready|0|204 204 307|200|200|200|--plan-not-ready 2
unready|0|204 503 204 308|200|200|200|--plan-not-ready 1 --answer plan=503,204,308
plan|0|503 429 302|200|200|200|--answer plan=503,429;retry-after=1,302
plan-cut|0|0 200 307|200|200|200|--answer plan=drop,cut
plan-gone|1|404 404 404||200|200|--answer plan=404x3
storage|0|307 307 307|403 404 307 200|200|200|--answer storage=403,404,307
storage-cut|0|307 307 307|200 0 200|200|200|--answer storage=cut,drop
storage-same|0|307 307|403 200|200|200|--redirect same --answer storage=403
running|0|307|200|500( 200)?|200|--answer running=500
running-lost|0|307|200|.*|200|--answer running=lost
canceled|2|(307)?|(200)?|409||--answer running=409 --linger 2s
final|0|307|200|200|429 500 0 200|--answer final=429;reset=0.7,500;retry-after=1,drop
final-created|0|307|200|200|204|--answer final=204
final-refused|0|307|200|200|422 422 200|--answer final=422x2
final-denied|0|307|200|200|401 404 200|--answer final=401,404
final-lost|0|307|200|200|0 409|--answer final=lost
final-late|0|307|200|200|503 200|--answer final=503;after=1s,200;after=300ms
closed|2|307|200|200|409|--answer final=409 --linger 2s
slow|0|307|200|200|200|--slow 400ms
limited|0|307|200|(200)?|200|--rate-limit 1
duplicates|0|307|200|200|200|--duplicate 5 --duplicate-later
verification|0|||||--verification --duplicate 1
many|0|(307 ?)+|(200 ?)+|(200 ?)+|(200 ?)+|--count 20 --parallel 5
END

make_cert
make_spool
write_key "$scratch/prod.key" moody-key
cp "$src/tests/plans/lifecycle/destroy.json" "$scratch/destroy.json"
{
	echo "spool: $scratch/spool"
	echo "seal: {public_key: $scratch/seal.pub, secret_key: [$scratch/seal.key]}"
	echo 'workers: 2'
	echo 'endpoints:'
	echo '  prod:'
	echo '    path: /run-task/prod'
	echo "    hmac_keys: [$scratch/prod.key]"
	echo '    checks: [{changes: {max_delete: 0}}]'
	for kind in hosts:1 storage:2; do
		echo "    ${kind%:*}:"
		i=0
		while read -r _; do
			i=$((i + 1))
			echo "      - http://127.0.${kind#*:}.$i:$api_port"
		done <"$scratch/moods"
	done
} >"$scratch/planspool.yaml"
"$build/planspool.fcgi" -c "$scratch/planspool.yaml" -l "unix:$socket" -m 600 2>>"$scratch/handler.log" &
pids="$pids $!"
"$build/planspoold" -c "$scratch/planspool.yaml" 2>>"$scratch/spooler.log" &
pids="$pids $!"
retry 20 test -S "$socket" || fail 'the handler does not start'
start_nginx "unix:$socket"

i=0
sims=
while IFS='|' read -r name expected plan storage running final options; do
	i=$((i + 1))
	options=$(echo "$options" | sed "s|DESTROY|$scratch/destroy.json|")
	# shellcheck disable=SC2086
	"$sim" --endpoint "$url/run-task/prod" --hmac-key "$scratch/prod.key" --ca-file "$scratch/tls.pem" --json \
		--listen "127.0.1.$i:$api_port" --storage-listen "127.0.2.$i:$api_port" --timeout 100s \
		--plan "$src/tests/plans/create/plan.json" $options >"$scratch/$name.out" 2>"$scratch/$name.err" &
	sims="$sims $name:$!"
done <"$scratch/moods"
pids="$pids $(echo "$sims" | sed 's/[^ ]*://g')"

# check WHAT KIND PATTERN: how such requests of the run $name were answered.
check() {
	tr '{' '\n' <"$scratch/$name.out" |
		sed -n "s/.*\"what\":\"$2\",\"bytes\":[0-9]*,\"status\":\([0-9]*\)}.*/\1/p" | tr '\n' ' ' | sed 's/ $//' >"$scratch/got"
	echo >>"$scratch/got"
	grep -Eqx -e "$3" "$scratch/got" || fail "$1: $2: '$3' expected, got '$(cat "$scratch/got")': $(cat "$scratch/$name.err")"
}

while IFS='|' read -r name expected plan storage running final options; do
	pid=$(echo "$sims" | tr ' ' '\n' | sed -n "s/^$name://p") got=0
	wait "$pid" || got=$?
	assert_equal "$name: exit status ($(cat "$scratch/$name.err"))" "$expected" "$got"
	check "$name" plan "$plan"
	check "$name" storage "$storage"
	check "$name" running "$running"
	check "$name" final "$final"
	assert_equal "$name: faults" '' "$(grep -Eo '"faults":\[[^]]+\]' "$scratch/$name.out" || :)"
	assert_equal "$name: warnings" '' "$(grep -Eo '"warnings":\[[^]]+\]' "$scratch/$name.out" || :)"
	assert_equal "$name: strays" '' "$(grep FAULT "$scratch/$name.err" || :)"
done <"$scratch/moods"

name=duplicates
check duplicates duplicate '200 200 200 200 200'
check duplicates 'duplicate later' 200
assert_equal 'many' 20 "$(grep -c '"status":"passed"' "$scratch/many.out")"
finish
