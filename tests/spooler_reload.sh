#!/bin/sh
# Reloads of policies: a set that is half-written when SIGHUP comes is not taken, and the log names policies that are
# gone.
. "${srcdir:-$(dirname "$0")/..}/tests/spooler_lib.sh"

policies=$scratch/policies
mkdir "$policies"
cat >"$policies/harmless.yaml" <<'END'
metadata: {id: HARMLESS, name: harmless, category: x}
definition: {cond_type: attribute, resource_types: [no_such_type], attribute: a, operator: exists}
END
cat >"$scratch/strict.yaml" <<'END'
metadata: {id: STRICT, name: strict, category: x}
definition: {not: {cond_type: attribute, resource_types: all, attribute: __address__, operator: exists}}
END
cp "$scratch/strict.yaml" "$policies/strict.yaml"

# shellcheck disable=SC2119
start_sender
checks="[{policies: [$policies]}]"
# shellcheck disable=SC2119
configure
make_spool
# shellcheck disable=SC2119
start_spooler

# judged JOB STATUS: by what is in force.
judged() {
	accept_job "$1"
	retry 30 [ -d "$spool/done/prod.$1" ] || fail "$1 does not end"
	expect "$1" "$2" .
}

judged first failed
assert_grep "by which set" "$("$build/planspool" policies list | sed -n 's/^policy set/Policy set/p')\.$" "$scratch/message"
reloads=0
for round in 1 2 3; do
	rm "$policies/strict.yaml"
	kill -HUP "$spooler_pid"
	cp "$scratch/strict.yaml" "$policies/strict.yaml"
	reloads=$((reloads + 1))
	retry 30 logged ': reloaded$' "$reloads" || fail "round $round: not reloaded"
	judged "half-written-$round" failed
done
assert "nothing is removed" [ "$(grep -c 'policies removed' "$scratch/spooler.log" || :)" -eq 0 ]

rm "$policies/strict.yaml"
kill -HUP "$spooler_pid"
retry 30 logged ': reloaded$' $((reloads + 1)) || fail "not reloaded after a policy was removed"
assert_grep "removed" 'endpoint prod: policies removed since: STRICT$' "$scratch/spooler.log"
judged removed passed
# shellcheck disable=SC2119
stop_spooler
expect_no_secrets
finish
