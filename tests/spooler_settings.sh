#!/bin/sh
# What a spooler works by, when it is broken or changes under way: a policy that cannot be loaded at the start, a spool that is
# named anew, and a second TERM.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

# shellcheck disable=SC2119
start_sender
policies=$scratch/policies
checks="[{policies: [$policies]}, {changes: {max_delete: 10}}]"
# shellcheck disable=SC2119
configure
make_spool

accept_and_wait() {
	accept_job "$1"
	retry 30 [ -d "$spool/done/prod.$1" ] || fail "$1 does not end"
}

# write_policy OPERATOR: one policy; the plan's password is not empty.
write_policy() {
	cat >"$policies/password.yaml" <<END
metadata: {id: PASSWORD_1, name: Passwords are not empty, category: SECRETS, severity: HIGH}
definition:
  cond_type: attribute
  resource_types: [terraform_data]
  attribute: input.nothing
  operator: $1
END
}

# ---- a policy that is broken at the start ----

mkdir "$policies"
write_policy not_existing
sed -i 's/cond_type: attribute/cond_type: nonsense/' "$policies/password.yaml"
# shellcheck disable=SC2119
start_spooler
accept_and_wait broken
expect broken failed "could not run: $policies/password.yaml:3: .*nonsense"
assert_grep "the log says it at the start" "^planspoold: error: $policies/password.yaml:3: " "$scratch/spooler.log"
# Still broken, in another place: nothing changes.
sed -i 's/operator: .*/operator: [/' "$policies/password.yaml"
reload 'not reloaded: what was in force stays in force$'
accept_and_wait still
expect still failed "could not run: $policies/password.yaml:3: .*nonsense"
write_policy not_exists
reload ': reloaded$'
accept_and_wait mended
expect mended passed '2 passed'
# What was mended stays in force when it breaks again.
write_policy nonsense
reload 'not reloaded: what was in force stays in force$'
accept_and_wait again
expect again passed '2 passed'
write_policy not_exists

# ---- another spool ----

sed -i "s|^spool: .*|spool: $scratch/elsewhere|; s/max_delete: 10/max_delete: 0/" "$scratch/planspool.yaml"
script kept plan '200 body=destroy.json'
cp "$src/tests/plans/lifecycle/destroy.json" "$sender/destroy.json"
reload 'spool: cannot be changed by a reload; restart planspoold'
reload 'not reloaded: what was in force stays in force$'
assert "no other spool is made" [ ! -e "$scratch/elsewhere" ]
# shellcheck disable=SC2119
configure
accept_and_wait kept
expect kept passed '1 passed'

# ---- a second TERM ----

script stalls plan '200 stall=1000 until=never'
script answered final '200 until=never'
for name in stalls answered; do
	accept_job "$name"
done
retry 30 asked_again stalls plan 0 || fail "stalls is not fetched"
retry 30 asked_again answered final 0 || fail "answered is not delivered"
kill -TERM "$spooler_pid"
retry 30 logged 'signal 15: stopping, with 2 jobs under way' 1 || fail "TERM is not heard"
# shellcheck disable=SC2119
stop_spooler
assert_equal "it did not wait for its set time" 0 "$(grep -c 'left for the next start' "$scratch/spooler.log")"
for name in stalls answered; do
	assert "$name is left" [ -d "$spool/active/prod.$name" ]
	assert_equal "$name is not blamed" 0 "$(grep -c '"blamed"' "$spool/active/prod.$name/log.jsonl")"
done
assert_equal "leases" '' "$(ls "$spool/spoolers")"
: >"$sender/script"
run_spooler
expect stalls passed '2 passed'
expect_asked PATCH answered 'running:200 final:200 final:200'
cmp -s "$sender/answered.final.1" "$sender/answered.final.2" || fail "answered: two finals"
assert_equal "nothing is put aside" '' "$(find "$spool/corrupt" "$spool/undelivered" -mindepth 1)"
expect_no_secrets
finish
