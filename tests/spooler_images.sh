#!/bin/sh
# The check of images as a run task: the same verdict as planspool check --images gives, and a registry that is replaced while the
# spooler runs.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

registry=$scratch/images.json
# version NAME IMAGE MORE
version() {
	printf '{"name":"%s","created_at":"2019-0%s-01T00:00:00Z","artifacts":[{"external_identifier":"%s","platform":"aws"}]%s}' \
		"$1" "${1#v}" "$2" "$3"
}
# write_registry MORE: into its place by rename; more is said of v1.
write_registry() {
	printf '{"format":"images/1","buckets":[{"name":"ubuntu","versions":[%s,%s]}]}\n' "$(version v1 ami-00000001 "$1")" \
		"$(version v2 ami-00000002 '')" >"$registry.new"
	mv "$registry.new" "$registry"
}
revoked=',"revoke_at":"2020-01-01T00:00:00Z","revocation_message":"CVE-2026-1"'
write_registry "$revoked"

# change ADDRESS ACTIONS IMAGE
change() {
	printf '{"address":"aws_instance.%s","mode":"managed","type":"aws_instance","name":"%s","change":{"actions":[%s],"after":{"ami":"%s"}}}' \
		"$1" "$1" "$2" "$3"
}
printf '{"format_version":"1.2","planned_values":{},"resource_changes":[%s,%s,%s,%s]}' "$(change a '"create"' ami-00000001)" \
	"$(change b '"update"' ami-00000001)" "$(change c '"create"' ami-00000002)" "$(change d '"create"' ami-0000000f)" \
	>"$sender/plan.json"

# shellcheck disable=SC2119
start_sender
checks="[{images: {registry: $registry}}]"
# shellcheck disable=SC2119
configure
make_spool
"$build/planspool" test-config >/dev/null || fail 'test-config'

# same NAME STATUS: what the job found is what the command line finds, outcome by outcome.
same() {
	status=0
	"$build/planspool" check --images "$registry" --format json "$sender/plan.json" >"$scratch/json" || status=$?
	assert_equal "$1: exit status of check" "$2" "$status"
	# The order of the keys is the same in both; only passed outcomes are left out of either.
	sed 's/^.*"outcomes":\[//; s/\]}$//; s/},{"id"/}\n{"id"/g' "$scratch/json" | sort >"$scratch/one"
	sort "$spool/done/prod.$1/outcomes.jsonl" | grep -v '"status":"passed"' >"$scratch/two" || :
	cmp -s "$scratch/one" "$scratch/two" || fail "$1: not the same: $(diff "$scratch/one" "$scratch/two")"
}

accept_job first
run_spooler
expect first failed 'images: 2 revoked \(1 blocks\), 0 scheduled, 1 untracked, 4 checked in 4 resources; newer version for 2 of 3'
same first 1
final=$spool/done/prod.first/result.json
assert_grep 'one outcome each' '"outcome-id":"images.revoked","description":"The image is revoked: aws_instance.a"' "$final"
assert_grep 'tags' '"Image":\[\{"label":"revoked","level":"error"\}\],"Action":\[\{"label":"create","level":"error"\}\]' "$final"
assert_grep 'a table' '\| Resource \| Action \| Image \|.*\| aws_instance.a \| create \| ami-00000001 \| ubuntu v1 \|.*CVE-2026-1' "$final"

# While it runs: another registry, a broken one, and one that is right again.
# shellcheck disable=SC2119
start_spooler
write_registry ''
accept_job second
retry 20 [ -d "$spool/done/prod.second" ] || fail 'second is not done'
expect second passed 'images: 0 revoked'
same second 0
echo '{' >"$registry.new"
mv "$registry.new" "$registry"
accept_job third
retry 20 [ -d "$spool/done/prod.third" ] || fail 'third is not done'
# The worker that takes it up may be one that has not read the second registry: what counts is that it has one.
expect third '[a-z]*' 'images.registry: .*images\.json:2: '
write_registry "$revoked"
accept_job fourth
retry 20 [ -d "$spool/done/prod.fourth" ] || fail 'fourth is not done'
expect fourth failed 'images: 2 revoked'
same fourth 1
# shellcheck disable=SC2119
stop_spooler
# shellcheck disable=SC2119
expect_no_secrets
finish
