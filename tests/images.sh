#!/bin/sh
# A registry of images without HCP Packer, from the command line: what Packer built is entered, revoked, restored, listed, checked;
# and faults of a registry name line and key.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

cd "$scratch"
run() {
	what=$1 expected=$2
	shift 2
	got=0
	"$build/planspool" "$@" >out 2>err || got=$?
	[ "$got" -eq "$expected" ] || fail "$what: exit status $got, not $expected: $(cat out err)"
}

for command in list check add revoke restore sync; do
	run "help of $command" 0 images "$command" --help
	assert_grep "help of $command" "^Usage: planspool .*-f FILE|--images" out
	run "unknown option of $command" 2 images "$command" --nonsense
done
run 'no command' 2 images
run 'unknown command' 2 images lsit
assert_grep 'unknown command' "did you mean 'list'" err

# ---- add ----

cat >manifest.json <<'END'
{"builds":[
{"name":"u","builder_type":"amazon-ebs","build_time":1560000000,"files":null,"artifact_id":"eu-west-1:ami-00000001,us-east-1:ami-00000002","packer_run_uuid":"run-1"},
{"name":"g","builder_type":"googlecompute","build_time":1560000001,"files":null,"artifact_id":"deb-1","packer_run_uuid":"run-1"},
{"name":"d","builder_type":"digitalocean","build_time":1560000002,"files":null,"artifact_id":"nyc1,nyc3:4711","packer_run_uuid":"run-1"},
{"name":"a","builder_type":"azure-arm","build_time":1560000003,"artifact_id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/images/i","packer_run_uuid":"run-1"},
{"name":"u","builder_type":"amazon-ebs","build_time":1570000000,"artifact_id":"us-east-1:ami-00000003","packer_run_uuid":"run-2"}],
"last_run_uuid":"run-2"}
END
run 'one run' 0 images add -f images.json --bucket ubuntu --run run-1 --project p --region here --channel production manifest.json
assert_equal 'one run' 'ubuntu v1: 6 images' "$(cat out)"
run 'the last run' 0 images add -f images.json --bucket ubuntu manifest.json
assert_equal 'the last run' 'ubuntu v2: 1 image' "$(cat out)"
cp images.json before
run 'the same again' 2 images add -f images.json --bucket ubuntu manifest.json
cmp -s images.json before || fail 'the same again: the file has changed'
run 'no such run' 2 images add -f images.json --bucket ubuntu --run run-9 manifest.json
run 'no bucket' 2 images add -f images.json manifest.json
run 'no manifest' 2 images add -f images.json --bucket ubuntu images.json
assert_grep 'no manifest' 'it has no builds' err
tr -d ' \n' <images.json >got
assert_grep 'artifacts' '"external_identifier":"ami-00000001","platform":"aws","region":"eu-west-1"' got
assert_grep 'artifacts' '"external_identifier":"deb-1","platform":"gce","region":"here",.*"aliases":\["projects/p/global/images/deb-1"\]' got
assert_grep 'artifacts' '"external_identifier":"4711","platform":"digitalocean","region":"nyc3"' got
assert_grep 'artifacts' '"fingerprint":"run-1","status":"active","created_at":"2019-06-08T13:20:03.000Z"' got

# ---- revoke, list, check, restore ----

plan() {
	cat >plan.json <<END
{"format_version":"1.2","planned_values":{},"resource_changes":[{"address":"aws_instance.a","mode":"managed","type":"aws_instance",
"name":"a","change":{"actions":["create"],"after":{"ami":"$1"}}}]}
END
}
plan ami-00000002
run 'outdated' 0 images check -f images.json plan.json
assert_grep 'outdated' 'newest: v2, ami-00000003' out
run 'revoke' 0 images revoke -f images.json --message 'CVE-2026-1' --author jane ubuntu v1
run 'revoked' 1 images check -f images.json plan.json
assert_grep 'revoked' 'by jane: CVE-2026-1; newest: v2, ami-00000003' out
run 'the same with planspool check' 1 check --images images.json plan.json
cp out same
run 'the same with planspool check' 1 images check -f images.json plan.json
cmp -s out same || fail 'images check and check --images differ'
run 'the same with a long option' 1 images check --file=images.json plan.json
cmp -s out same || fail 'images check --file= and check --images differ'
run 'list' 0 images list -f images.json
assert_grep 'list' '^ubuntu  v1        revoked     2019-06-08  6 images  production$' out
assert_grep 'list' '^ubuntu  v2        active      2019-10-02  1 image$' out
run 'list a bucket' 0 images list -f images.json ubuntu
assert_grep 'list a bucket' '^    CVE-2026-1$' out
assert_grep 'list a bucket' '^    aws       us-east-1       ami-00000002$' out
run 'list as JSON' 0 images list -f images.json --format json
assert_grep 'list as JSON' '"bucket":"ubuntu","version":"v1","fingerprint":"run-1","status":"revoked"' out
run 'list nothing' 2 images list -f images.json none
run 'revoke later, by fingerprint' 0 images revoke -f images.json --at 2099-01-01T00:00:00Z ubuntu run-2
run 'list no file' 2 images list -f /dev/null
assert_grep 'list no file' '/dev/null: not a regular file$' err
run 'check no file' 2 check --images /dev/null plan.json
assert_grep 'check no file' '/dev/null: not a regular file$' err
run 'scheduled' 0 images list -f images.json
assert_grep 'scheduled' 'v2        scheduled' out
run 'restore' 0 images restore -f images.json ubuntu v1
run 'restored' 0 images check -f images.json plan.json
run 'no such version' 2 images revoke -f images.json ubuntu v9
run 'no such bucket' 2 images revoke -f images.json none v1
run 'no time' 2 images revoke -f images.json --at tomorrow ubuntu v1

run 'the example' 0 images list -f "$src/examples/images.json" ubuntu
assert_grep 'the example' '^ubuntu  v8        active .*  2 images  production$' out

# ---- several files: a revocation in any of them wins ----

cat >other.json <<'END'
{"format":"images/1","buckets":[{"name":"ubuntu","versions":[{"name":"v1","fingerprint":"run-1","status":"revoked",
"revocation_message":"ours"}]}]}
END
run 'two files' 1 check --images images.json --images other.json plan.json
assert_grep 'two files' 'is ubuntu v1, revoked: ours' out
run 'two files, the other way round' 1 check --images other.json --images images.json plan.json

# ---- links, several writers ----

mkdir folder
ln -s ../images.json folder/link.json
run 'through a link' 0 images revoke -f folder/link.json ubuntu v1
assert 'the link stays' [ -h folder/link.json ]
run 'restore' 0 images restore -f images.json ubuntu v1
writers=
for i in 1 2 3 4 5 6 7 8; do
	sed "s/run-2/other-$i/" manifest.json >"manifest-$i.json"
	"$build/planspool" images add -f images.json --bucket many "manifest-$i.json" >"added-$i" 2>&1 &
	writers="$writers $!"
done
for pid in $writers; do
	wait "$pid" || fail 'one of several writers fails'
done
run 'several writers' 0 images list -f images.json many
assert_equal 'several writers: none is lost' 8 "$(grep -c '^many' out)"

# ---- faults ----

# faults FILE-TEXT LINE-AND-FAULT
faults() {
	printf '%s' "$1" >bad.json
	run "fault $2" 2 check --images bad.json plan.json
	assert_grep "fault $2" "^bad\\.json:$2" err
	cp bad.json before
	run "fault $2: nothing is written" 2 images revoke -f bad.json ubuntu v1
	cmp -s bad.json before || fail "fault $2: the file has changed"
}
faults '{}' '1: format: is missing'
faults '{"format":"images/2"}' "1: format: 'images/2' is not known"
faults '{"format":"images/1",
"format":"images/1"}' '2: duplicate key'
faults '{"format":"images/1","buckets":[
{"name":"a\nb","versions":[
{"name":"v1",
"revoke_att":null}]}]}' "4: buckets\\[0\\]\\.versions\\[0\\]\\.revoke_att: .*did you mean 'revoke_at'"
faults '{"format":"images/1","buckets":[{"name":"a","versions":[{"name":"v1"},
{"name":"v1"}]}]}' '2: buckets\[0\]\.versions\[1\]\.fingerprint: .* twice'
faults '{"format":"images/1","buckets":[{"name":"a"},
{"name":"a"}]}' '2: buckets\[1\]\.name: .* twice'
faults '{"format":"images/1","buckets":[{"name":"a","versions":[{"name":"v1","status":"gone"}]}]}' '1: .*status: .gone. must be'
faults '{"format":"images/1","buckets":[{"name":"a","versions":[{"name":"v1","created_at":"2026-02-30T00:00:00Z"}]}]}' '1: .*no time'
faults '{"format":"images/1","buckets":[{"name":"a","versions":[{"name":"v1","artifacts":[{}]}]}]}' \
	'1: buckets\[0\]\.versions\[0\]\.artifacts\[0\]\.external_identifier: is missing'
faults '{"format":"images/1","buckets":[{"name":"a","latest":"v2","versions":[{"name":"v1"}]}]}' '1: .*latest: names no version'
faults '{"format":"images/1","max_age":"old"}' "1: max_age: 'old' is no duration"
finish
