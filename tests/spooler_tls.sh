#!/bin/sh
# Certificates, right and wrong, and proxies.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

make_cert
mv "$scratch/tls.pem" "$scratch/storage.pem"
mv "$scratch/tls.key" "$scratch/storage.key"
make_cert
start_sender -k "$scratch/tls.key" -c "$scratch/tls.pem" -K "$scratch/storage.key" -C "$scratch/storage.pem"
plain=$storage
api=https://127.0.0.1:$api_port
storage=https://127.0.0.1:$storage_port

# endpoint NAME HOST STORAGE: a further endpoint's lines.
endpoint() {
	printf '  %s:\n    path: /run-task/%s\n    hmac_keys: [%s]\n' "$1" "$1" "$scratch/prod.key"
	printf '    hosts: [%s]\n    storage: [%s]\n    checks: [{changes: {max_delete: 0}}]' "$2" "$3"
}
right="{url: \"$api\", ca_file: $scratch/tls.pem}"
hosts="[$right]"
storages="[{url: \"$storage\", ca_file: $scratch/storage.pem}]"
configure "$(endpoint inherited "$right" "\"$storage\"")" \
	"$(endpoint plain "$right" "\"$plain\"")" \
	"$(endpoint system "\"$api\"" "\"$storage\"")" \
	"$(endpoint wrong "{url: \"$api\", ca_file: $scratch/storage.pem}" "\"$storage\"")" \
	"$(endpoint missing "{url: \"$api\", ca_file: $scratch/later.pem}" "\"$storage\"")" \
	"$(endpoint name "{url: \"https://localhost:$api_port\", ca_file: $scratch/tls.pem}" "\"$storage\"")"
make_spool

script right plan "307 location=$storage/object/right"
script inherited plan "307 location=$storage/object/inherited"
script plain plan "307 location=$plain/object/plain"
accept_job right
for name in inherited plain system wrong missing; do
	accept_job "$name" "endpoint=$name"
done
accept_job name endpoint=name "plan=https://localhost:$api_port/api/v2/plans/name/json-output" \
	"callback=https://localhost:$api_port/api/v2/task-results/name/callback?secret=q-name"

# Verification of a final that fails may be mended in time: it is repeated like other trouble.
tries() {
	[ "$(grep -c '"event":"callback".*tried again' "$spool/active/$1/log.jsonl")" -ge "$2" ]
}
# shellcheck disable=SC2119
start_spooler
for name in system wrong missing; do
	retry 40 tries "$name.$name" 3 || fail "$name: the final is given up"
	asked PATCH "$name" >"$scratch/asked"
	assert "$name: nothing was sent" [ ! -s "$scratch/asked" ]
	assert_grep "$name: log" '"event":"callback","detail":"[^"]*(certificate|CA)[^"]*; tried again' "$spool/active/$name.$name/log.jsonl"
	assert_grep "$name: message" 'could not be fetched: [^"]*(certificate|CA)' "$spool/active/$name.$name/result.json"
done
# shellcheck disable=SC2119
stop_spooler
cp "$scratch/tls.pem" "$scratch/later.pem"
sed -i -e '/path: .run-task.wrong/,/hosts/s/storage.pem/tls.pem/' -e "/path: .run-task.system/,/hosts/s|hosts: .*|hosts: [$right]|" \
	"$scratch/planspool.yaml"
run_spooler

for name in right inherited plain system wrong missing name; do
	[ "$name" = right ] || mv "$spool/done/$name.$name" "$spool/done/prod.$name"
done
expect right passed '1 passed'
expect name passed '1 passed'
expect inherited failed 'could not be fetched: [^"]*certificate'
expect plain failed 'redirected from https to http://127'
for name in system wrong missing; do
	expect "$name" failed 'could not be fetched: [^"]*(certificate|CA)'
done
expect_asked GET right 'plan:307 storage:200'
expect_asked GET inherited 'plan:307 plan:307 plan:307'
expect_asked GET plain 'plan:307'

# A proxy gets what is for a host that nobody could find.
kill "$sender_pid"
wait "$sender_pid" || :
# shellcheck disable=SC2119
start_sender
hosts='["http://sender.invalid"]'
# shellcheck disable=SC2119
configure
accept_job proxied plan=http://sender.invalid/api/v2/plans/proxied/json-output \
	'callback=http://sender.invalid/api/v2/task-results/proxied/callback?secret=q-proxied'
http_proxy=$api
export http_proxy
run_spooler
expect proxied passed '1 passed'
assert_grep "through the proxy" '"path":"http://sender.invalid/api/v2/plans/proxied/json-output"' "$sender/transcript"
expect_no_secrets
finish
