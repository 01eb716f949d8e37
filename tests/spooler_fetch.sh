#!/bin/sh
# Fetching plans from a sender and a storage that misbehave: all jobs go through one run.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

# shellcheck disable=SC2119
start_sender
checks='[{changes: {max_delete: 0}}]'
hosts="[\"$api\", \"http://localhost:$api_port\"]"
limits='{plan: 64KiB, resource: 16KiB}'
configure '  file:' '    path: /run-task/file' "    hmac_keys: [$scratch/prod.key]" \
	"    hosts: [{url: \"$api\", token_file: $scratch/sender.token}]" "    storage: [\"$storage\"]" \
	'    checks: [{changes: {max_delete: 10}}]' \
	'  policy:' '    path: /run-task/policy' "    hmac_keys: [$scratch/prod.key]" "    hosts: [\"$api\"]" \
	"    checks: [{policies: [$scratch/policies]}, {changes: {max_delete: 10}}]" \
	'  wordy:' '    path: /run-task/wordy' "    hmac_keys: [$scratch/prod.key]" "    hosts: [\"$api\"]" \
	"    checks: [{policies: [$scratch/wordy]}]"
make_spool
# A policy that looks at a value which the plan says is sensitive.
mkdir "$scratch/policies"
cat >"$scratch/policies/password.yaml" <<'END'
metadata: {id: PASSWORD_1, name: Passwords are empty, category: SECRETS, severity: HIGH}
definition:
  {cond_type: attribute, resource_types: [terraform_data], attribute: input.password, operator: equals, value: ""}
END

padding() {
	head -c "$1" /dev/zero | tr '\0' "$2"
}
# Policies that say much about many resources: more than fits into outcomes.jsonl.
mkdir "$scratch/wordy"
for n in 10 11 12 13 14 15 16 17 18 19; do
	printf -- '---\nmetadata: {id: WORDY_%s, name: Wordy, category: X, severity: HIGH, message: "' "$n"
	padding 19000 w
	printf '"}\ndefinition: {cond_type: attribute, resource_types: [a], attribute: x, operator: exists}\n'
done >"$scratch/wordy/all.yaml"
{
	printf '{"format_version":"1.2","resource_changes":['
	n=100
	while [ $((n += 1)) -le 200 ]; do
		printf '{"address":"a.b%s","mode":"managed","type":"a","name":"b%s","change":' "$n" "$n"
		printf '{"actions":["create"],"before":null,"after":{}}},'
	done | sed 's/,$//'
	echo ']}'
} >"$sender/many.json"
cp "$src/tests/plans/lifecycle/destroy.json" "$sender/destroy.json"
{ printf '{"format_version":"1.2",'; padding 70000 ' '; echo '"resource_changes":[]}'; } >"$sender/long.json"
{
	printf '{"format_version":"1.2","resource_changes":[{"address":"a.large","mode":"managed","type":"a","name":"large",'
	printf '"change":{"actions":["create"],"before":null,"after":{"x":"'
	padding 20000 x
	echo '"}}}]}'
} >"$sender/large.json"
gzip -c "$sender/plan.json" >"$sender/plan.gz"
{ printf '\377\376'; sed 's/./&\x00/g' "$sender/plan.json"; } >"$sender/utf16.json"
echo '<!DOCTYPE html><title>Sign in</title>' >"$sender/page.html"
head -c 3000 /dev/urandom >"$sender/noise"
: >"$sender/nothing"
sed 's/"format_version":"1/"format_version":"2/' "$sender/plan.json" >"$sender/version2.json"
echo '{"errors":[{"status":"404","title":"not found","detail":"no plan for token-leak, secret=q-leak"}]}' \
	>"$sender/leak.json"
echo "{\"errors\":[{\"status\":\"422\",\"detail\":\"$(padding 299 a)$(padding 300 @ | sed 's/@/é/g')\"}]}" \
	>"$sender/wide.json"
echo '{"errors":[{"status":"403","detail":"/object/expired has expired"}]}' >"$sender/expired.json"
echo '{"errors":[{"status":"404","detail":"no such plan [red]"}]}' >"$sender/404.json"

# What the sender says, what comes of it, and how it was asked.
while read -r name status message requests; do
	case $name in '#'* | '') continue ;; esac
	eval "requests_$name=\$requests status_$name=\$status message_$name=\$message"
	names="${names-} $name"
done <<'END'
passes		passed	1_passed		plan:307 storage:200
fails		failed	1_failed.*delete	plan:307 storage:200
inline		passed	1_passed		plan:200
patience	passed	1_passed		plan:204 plan:204 plan:307 storage:200
same		passed	1_passed		plan:307 plan:200
relative	passed	1_passed		plan:302 plan:303 plan:200
expired		passed	1_passed		plan:307 storage:403 plan:307 storage:404 plan:307 storage:200
bounce		passed	1_passed		plan:307 storage:307 storage:307 storage:200
unlisted	failed	localhost:[0-9]+:_add_it_to_'storage'_of_endpoint_prod		plan:307
nowhere		failed	redirected_to_nowhere	plan:307
scheme		failed	redirected_to_nowhere	plan:307
sibling		failed	redirected_to_nowhere	plan:307
network		failed	add_it_to_'storage'|redirected_to_nowhere	plan:307
loop		failed	more_than_3_times	plan:307 plan:307 plan:307 plan:307
far		failed	more_than_3_times	plan:307 storage:307 storage:307 storage:307
gone		failed	could_not_be_fetched:_404:_no_such_plan		plan:404 plan:404 plan:404
denied		failed	could_not_be_fetched:_401	plan:401 plan:401 plan:401
old		failed	could_not_be_fetched:_422:_a+	plan:422 plan:422 plan:422
leak		failed	could_not_be_fetched:_404[^:]	plan:404 plan:404 plan:404
mended		passed	1_passed		plan:404 plan:401 plan:200
closed		-	-			plan:409
retry		passed	1_passed		plan:429 plan:200
reset		passed	1_passed		plan:429 plan:200
busy		passed	1_passed		plan:500 plan:503 plan:200
eager		passed	1_passed		plan:500 plan:200
hurry		passed	1_passed		plan:429 plan:200
silent		passed	1_passed		plan:0 plan:200
cut		passed	1_passed		plan:200 plan:200
cutfar		passed	1_passed		plan:307 storage:200 plan:307 storage:200
partial		passed	1_passed		plan:206 plan:200
noise		failed	the_plan_cannot_be_read:_byte_[0-9]+		plan:200
gzip		failed	the_plan_cannot_be_read:_byte_0		plan:200
html		failed	the_plan_cannot_be_read:_byte_0		plan:200
utf16		failed	the_plan_cannot_be_read:_byte_0		plan:200
empty		failed	the_plan_cannot_be_read	plan:200
version		failed	format_version		plan:200
long		failed	the_plan_cannot_be_read.*65536	plan:200
large		failed	a\.large.*larger_than_16384_bytes	plan:200
END
s=$storage/object
script fails storage "200 body=destroy.json"
script patience plan "204, 204, 307 location=$s/patience?secret=q-patience"
script same plan "307 location=$api/api/v2/plans/same/elsewhere?secret=q-same, 200"
r=/api/v2/plans/relative
script relative plan "302 location=$r/elsewhere?secret=q-relative, 303 location=$r/x, 200"
script expired storage "403 body=expired.json, 404, 200"
script bounce storage "307 location=/object/bounce/2, 307 location=/object/bounce/3, 200"
script unlisted plan "307 location=http://localhost:$storage_port/object/unlisted?secret=q-unlisted"
script nowhere plan "307"
script scheme plan "307 location=file:///etc/passwd"
script sibling plan "307 location=elsewhere"
script network plan "307 location=//localhost:$storage_port/object/network"
script loop plan "307 location=$api/api/v2/plans/loop/json-output"
script far storage "307 location=$s/far/2"
script gone plan "404 body=404.json"
script denied plan "401"
script old plan "422 body=wide.json"
script leak plan "404 body=leak.json"
script mended plan "404, 401, 200"
script closed plan "409"
script retry plan "429 retry=1, 200"
script reset plan "429 reset=1.2 retry=60, 200"
script busy plan "500, 503, 200"
script eager plan "500 reset=0.01, 200"
script hurry plan "429 retry=0, 200"
script silent plan "close, 200"
script cut plan "200 cut=5000, 200"
script cutfar storage "200 cut=5000, 200"
script partial plan "206 body=plan.json, 200"
script noise plan "200 body=noise"
script gzip plan "200 body=plan.gz encoding=gzip"
script html plan "200 body=page.html type=text/html"
script utf16 plan "200 body=utf16.json"
script empty plan "200 body=nothing"
script version plan "200 body=version2.json"
script long plan "200 body=long.json"
script large plan "200 body=large.json"
for name in passes fails expired bounce far cutfar; do
	script "$name" plan "307 location=$s/$name?secret=q-$name"
done
# Those that make the spooler pause have a host of their own.
other=http://localhost:$api_port/api/v2
for name in $names; do
	case $name in
	retry | reset)
		accept_job "$name" "plan=$other/plans/$name/json-output" "callback=$other/task-results/$name/callback?secret=q-$name"
		;;
	*) accept_job "$name" ;;
	esac
done

# Stages, tokens and plan URLs that other senders have.
for stage in pre_plan post_plan pre_apply post_apply; do
	accept_job "$stage" "stage=$stage"
done
accept_job no-plan plan=
accept_job bare token= plan=/api/v2/plans/bare/json-output
accept_job file token= endpoint=file
accept_job both endpoint=file
accept_job sensitive endpoint=policy
script wordy plan "200 body=many.json"
accept_job wordy endpoint=wordy
accept_job outside token= endpoint=file "plan=$api/object/outside"
accept_job dots token= endpoint=file "plan=$api/api/v2/plans/dots/x;y"
script along plan "307 location=/object/along"
accept_job along token= endpoint=file

run_spooler
for name in $names; do
	eval "requests=\$requests_$name status=\$status_$name message=\$message_$name"
	expect_asked GET "$name" "$requests"
	[ "$status" = - ] || expect "$name" "$status" "$(echo "$message" | tr _ ' ')"
done

assert_equal "tokens to the API only" "plan:job storage:none" "$(tokens passes)"
assert_equal "tokens along the origin" "plan:job plan:job" "$(tokens same)"
assert_equal "tokens back at the API" "plan:job storage:none plan:job storage:none plan:job storage:none" \
	"$(tokens expired)"
assert "closed ends in done/" [ -f "$spool/done/prod.closed/log.jsonl" ]
assert_grep "closed says why" '"event":"closed by the sender","detail":"409' "$spool/done/prod.closed/log.jsonl"
assert_equal "closed is left alone" '' "$(asked PATCH closed | tr ' ' '\n' | grep -v '^running:' || :)"
found=$(grep -rl --include=log.jsonl '/object/' "$spool" || grep '/object/' "$scratch/spooler.log" || :)
assert_equal "storage URLs are secret" '' "$found"
assert_grep "a long reason leaves room" '"event":"fetch","detail":"422: a+; asked again in [0-9.]+ s"' \
	"$spool/done/prod.old/log.jsonl"
for row in retry:1000 reset:1200 busy:1000 eager:1000 hurry:100 gone:1000 patience:1000; do
	assert "${row%:*} waited" [ "$(waited "${row%:*}" plan)" -ge "${row#*:}" ]
done
expect_asked PATCH passes 'running:200 final:200'

expect pre_plan passed 'not checked: no plan at pre_plan|skipped'
expect_asked GET pre_plan ''
for stage in post_plan pre_apply post_apply; do
	expect "$stage" passed '1 passed'
	expect_asked GET "$stage" plan:200
done
expect no-plan failed 'plan_json_api_url'
for row in bare:plan:none file:plan:file both:plan:job outside:storage:none dots:plan:none; do
	assert_equal "token of ${row%%:*}" "${row#*:}" "$(tokens "${row%%:*}")"
done
assert_equal "token of along" "plan:file storage:none" "$(tokens along)"
expect bare passed '1 passed'
mv "$spool/done/policy.sensitive" "$spool/done/prod.sensitive"
expect sensitive failed 'PASSWORD_1[^"]*terraform_data.database'
assert_grep "the outcomes name the policy" '"outcome-id":"PASSWORD_1"' "$sender/sensitive.final.1"
assert_grep "the outcomes of the job" 'PASSWORD_1' "$spool/done/prod.sensitive/outcomes.jsonl"
mv "$spool/done/wordy.wordy" "$spool/done/prod.wordy"
expect wordy failed '1000 failed'
assert "the outcomes of wordy have a bound" [ "$(wc -c <"$spool/done/prod.wordy/outcomes.jsonl")" -le 16777216 ]
assert_grep "what was left out of them" '"event":"outcomes cut","detail":"the first [0-9]{3} of 1000 fit' \
	"$spool/done/prod.wordy/log.jsonl"
assert_equal "the callback's token" 4 \
	"$(grep -Ec '"method":"PATCH".*"job":"(file|along)".*"token":"file"' "$sender/transcript")"
expect_no_secrets
finish
