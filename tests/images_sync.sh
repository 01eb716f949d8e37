#!/bin/sh
# planspool images sync against a stand-in for HCP Packer's API: pages, tokens, limits, failures, and what is written.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

cd "$scratch"
# A secret with bytes that a form must escape.
secret='s3&cr=t+%41'
"$build/tests/packer_api" client "$secret" >api.log 2>&1 &
pids="$pids $!"
retry 20 [ -s api.log ] || fail 'the API does not start'
port=$(head -n 1 api.log)
api=http://127.0.0.1:$port
umask 077
printf '{"scheme":"service_principal_creds","oauth":{"client_id":"client","client_secret":"%s"}}\n' "$secret" >credentials.json
umask 022

# sync WHAT STATUS PROJECT [ARGUMENT...]
sync() {
	what=$1 expected=$2 project=$3
	shift 3
	got=0
	env -u HCP_CLIENT_ID -u HCP_CLIENT_SECRET "$build/planspool" images sync -f images.json --api "$api" --auth "$api" \
		--organization acme --project "$project" --credentials credentials.json "$@" >out 2>err || got=$?
	[ "$got" -eq "$expected" ] || fail "$what: exit status $got, not $expected: $(cat out err api.log)"
	if grep -F "$secret" out err images.json || grep -E 'token-[0-9]' out err; then fail "$what: a secret is said"; fi
}

sync 'everything' 0 full
assert_equal 'everything' '2 buckets, 4 versions, 4 images' "$(cat out)"
tr -d ' \n' <images.json | sed -e 's/"generated_at":"[^"]*"/"generated_at":"T"/' -e "s/:$port/:PORT/" >got
tr -d ' \n' >expected <<'END'
{"format":"images/1","generated_at":"T",
"source":{"kind":"hcp-packer","api":"http://127.0.0.1:PORT","organization_id":"acme","project_id":"full"},
"on_untracked_image":"block","buckets":[
{"name":"ubuntu","id":"01B1","versions":[
{"name":"v9","fingerprint":"F9","id":"01V9","status":"revoked","created_at":"2019-05-01T00:00:00.123456789Z",
"revoke_at":"2020-01-01T00:00:00.5Z","revocation_message":"CVE","revocation_author":"jane","revocation_type":"INHERITED",
"inherited_from":{"bucket_name":"base","version_name":"v2"},
"artifacts":[{"external_identifier":"ami-00000009","platform":"aws","region":"us-east-1","component_type":"amazon-ebs.u","build_id":"01BB"}]},
{"name":"v0","fingerprint":"F0","id":"01V0","status":"incomplete","created_at":null,"revoke_at":null,"artifacts":[]},
{"name":"v10","fingerprint":"F10","id":"01V10","status":"active","created_at":"2019-06-01T00:00:00Z","revoke_at":null,
"artifacts":[{"external_identifier":"ami-00000010","platform":"aws","region":"us-east-1"}]}],
"latest":"F10","channels":{"production":"F10"}},
{"name":"deb.ian","id":"01B2","versions":[
{"name":"v1","fingerprint":"D1","status":"revocation_scheduled","created_at":null,"revoke_at":"2099-01-01T00:00:00.000000Z",
"artifacts":[{"external_identifier":"deb-1","platform":"gce","region":"europe-west1-b",
"aliases":["https://www.googleapis.com/compute/v1/projects/one/global/images/deb-1","projects/one/global/images/deb-1"]},
{"external_identifier":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/images/win","platform":"azure","region":"West Europe",
"aliases":["*/resourceGroups/rg/providers/Microsoft.Compute/galleries/gal/images/win/versions/1.0.0"]}]}],"channels":{}}]}
END
cmp -s got expected || fail "what was written: $(cat got)"
assert_equal 'one token' 1 "$(grep -c '^POST /oauth2/token 200' api.log)"
assert_grep 'a version that is gone' '^GET .*/versions/F8 gone/builds 409$' api.log

# The check reads what was written: the portal's setting, revocation, alias.
cat >plan.json <<'END'
{"format_version":"1.2","resource_changes":[
{"address":"aws_instance.a","mode":"managed","type":"aws_instance","name":"a","change":{"actions":["create"],"after":{"ami":"ami-00000009"}}},
{"address":"aws_instance.b","mode":"managed","type":"aws_instance","name":"b","change":{"actions":["create"],"after":{"ami":"ami-0000000f"}}},
{"address":"azurerm_managed_disk.c","mode":"managed","type":"azurerm_managed_disk","name":"c","change":{"actions":["create"],"after":
{"gallery_image_reference_id":"/subscriptions/s/resourceGroups/RG/providers/Microsoft.Compute/galleries/gal/images/win/versions/1.0.0"}}}],
"planned_values":{}}
END
got=0
"$build/planspool" images check -f images.json plan.json >out 2>err || got=$?
assert_equal 'the check of it' 1 "$got"
assert_grep 'the check of it' '^images?: |2 failed, 1 warning; 3 resources; images: 1 revoked \(1 blocks\), 1 scheduled, 1 untracked \(1 blocks\)' out
assert_grep 'who revoked it' 'by jane \(inherited from base v2\): CVE; newest: v10, ami-00000010' out

# max_age is the operator's.
sed -i 's/"format":/"max_age": "24h", "format":/' images.json
chmod 640 images.json
cp images.json before
: >api.log
sync 'tokens that end' 0 expire
assert 'tokens that end: renewed' [ "$(grep -c '^POST /oauth2/token 200' api.log)" -ge 3 ]
assert_grep 'tokens that end' 'versions/F10/builds 200' api.log
assert_grep 'max_age stays' '"max_age": ?"24h"' images.json
assert_equal 'the mode stays' 640 "$(stat -c %a images.json)"
grep -v generated_at images.json | grep -v project_id >one
grep -v generated_at before | grep -v project_id | sed 's/"max_age": "24h", "format"/"format"/' | grep -v max_age >two
grep -v max_age one >three
cmp -s two three || fail "tokens that end: another file"

sync 'limits' 0 limit
assert_equal 'limits' '2 buckets, 4 versions, 4 images' "$(cat out)"

# Whatever fails, the file stays.
cp images.json before
for row in 'broken out of order' 'denied not for you' 'endless the list does not end' 'empty not replaced'; do
	sync "$row" 2 "${row%% *}"
	assert_grep "$row" "${row#* }" err
	cmp -s images.json before || fail "$row: the file has changed"
done
sync 'forced' 0 empty --force
assert_equal 'forced' '0 buckets, 0 versions, 0 images' "$(cat out)"
cp before images.json

umask 077
echo '{"client_id":"client","client_secret":"wrong"}' >credentials.json
sync 'a wrong secret' 2 full
assert_grep 'a wrong secret' 'no token: HTTP 401: Unauthorized' err
chmod 644 credentials.json
sync 'credentials that others can read' 2 full
assert_grep 'credentials that others can read' 'credentials\.json' err
assert_equal 'nothing is left beside' '' "$(find . -name '.images.json*')"

# From the environment, as HashiCorp's own tools read it.
rm images.json
got=0
HCP_CLIENT_ID=client HCP_CLIENT_SECRET=$secret HCP_ORGANIZATION_ID=acme HCP_PROJECT_ID=full HCP_API_ADDRESS=127.0.0.1:$port \
	HCP_API_TLS=disabled HCP_AUTH_URL=$api "$build/planspool" images sync -f images.json >out 2>err || got=$?
assert_equal "from the environment: $(cat err)" 0 "$got"
got=0
HCP_CLIENT_ID=client HCP_CLIENT_SECRET=$secret HCP_ORGANIZATION_ID=acme HCP_PROJECT_ID=full HCP_API_ADDRESS=127.0.0.1:$port \
	HCP_API_TLS=insecure "$build/planspool" images sync -f images.json >out 2>err || got=$?
assert_equal 'certificates are verified' 2 "$got"
finish
