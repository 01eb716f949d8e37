#!/bin/sh
# planspool-sim finds what a receiver does against the protocol or the schema, and says it.
. "${srcdir:-$(dirname "$0")/..}/tests/sim_lib.sh"
# shellcheck disable=SC2154

# What receivers do wrong. Each line: its path, the exit status, more options, and what is said of it: a fault, or
# after "warning" a warning.
while IFS='|' read -r path expected options said; do
	sort='FAULT: '
	case $said in 'warning '*) sort='WARNING: ' said=${said#warning } ;; esac
	# shellcheck disable=SC2086
	sim_run "$path" "$expected" "/$path" --plan "$plan" $options
	assert_grep "$path" "^[0-9:.]+  $sort.*$said" "$scratch/out"
done <<'END'
leak|2||the storage was sent an Authorization header$
token|2||GET /api/v2/plans/.* without the run's token: it has another one
no-token|2||PATCH /api/v2/task-results/.* without the run's token: it has no Authorization header
basic|2||its Authorization header does not begin with Bearer
leak|2|--no-token|the storage was sent an Authorization header$
method|2||POST /api/v2/task-results/.*: the method must be PATCH$
method|2||POST /api/v2/plans/.*: the method must be GET$
stray|2||PATCH /api/v2/task-results/.*/callback/more belongs to no run$
stray-object|2||the storage has nothing for this GET request$
type|2||its Content-Type must be application/vnd.api.json, not application/json$
type-longer|2||its Content-Type must be application/vnd.api.json, not application/vnd.api.jsonp$
type-bytes|2||its Content-Type must be application/vnd.api.json, not .xff.x1b.31m$
twice|2|--linger 1s|a second final callback that differs from the first$
twice|2|--linger 1s|a running callback after the final one$
superfluous|0|--linger 1s|warning the final callback was sent again although it had been accepted$
changed|2|--answer final=lost --linger 1s|a second final callback that differs from the first$
once|2|--answer final=lost --timeout 300ms|the final callback was not sent again although its answer was lost$
canceled|2|--answer running=409 --linger 1s|a callback after it was said that the run is canceled
accepted|2||the request was answered 202; HCP Terraform takes nothing but 200$
body|0||warning the answer to the request has a body
again-503|2|--duplicate 1|the same request again was answered 503 instead of 200$
again-503|2|--duplicate-later|the same request again was answered 503 instead of 200$
END
sim_run 'faults at the end' 2 /token --plan "$plan"
assert_grep 'faults at the end' "^  - GET [^ ]* without the run's token" "$scratch/out"
sim_run 'faults in JSON' 2 /token --plan "$plan" --json
assert_grep 'faults in JSON' "\"faults\":\[\"GET [^\"]* without [^\"]*\",\"PATCH [^\"]* without [^\"]*\"\]" "$scratch/out"
sim_run 'media type with a parameter' 0 /type-charset --plan "$plan"

# What is in callbacks. Each line: where the text goes, the text, in which @N@ stands for N letters, and what is said of
# it. A fault is answered 422, and the next callback is in order; after "warning" it is taken, and only said; "fine"
# says nothing.
result() {
	printf '{"data":{"type":"task-results","attributes":{"status":"passed","message":"m"}%s}}' "$1"
}

outcome() {
	result ",\"relationships\":{\"outcomes\":{\"data\":[{\"type\":\"task-result-outcomes\",\"attributes\":{$1}}]}}"
}

callback() {
	case $1 in
	document) printf '%s' "$2" ;;
	data) printf '{"data":{%s}}' "$2" ;;
	result) printf '{"data":{"type":"task-results","attributes":{%s}}}' "$2" ;;
	outcomes) result ",\"relationships\":{\"outcomes\":$2}" ;;
	outcome) outcome "$2" ;;
	more) outcome "\"outcome-id\":\"i\",\"description\":\"d\",$2" ;;
	tags) outcome "\"outcome-id\":\"i\",\"description\":\"d\",\"tags\":{$2}" ;;
	label) outcome "\"outcome-id\":\"i\",\"description\":\"d\",\"tags\":{\"T\":[$2]}" ;;
	*) fail "no form $1" ;;
	esac | awk '{
		while (match($0, /@[0-9]+@/)) {
			n = substr($0, RSTART + 1, RLENGTH - 2) + 0; text = "x"
			while (length(text) < n) text = text text
			$0 = substr($0, 1, RSTART - 1) substr(text, 1, n) substr($0, RSTART + RLENGTH)
		}
		print
	}'
}

result '' >"$scratch/final"
while IFS='|' read -r form text said; do
	what="$form $text" place=
	case $form in outcome | more | tags | label) place='data.relationships.outcomes.data.0..' ;; esac
	rm -f "$scratch/refused"
	case $said in
	fine | 'warning '*)
		callback "$form" "$text" >"$scratch/taken"
		sim_run "$what" 0 /send --plan "$plan"
		if [ "$said" = fine ]; then
			assert_equal "$what" '' "$(grep -E 'FAULT|WARNING' "$scratch/out" || :)"
		else
			assert_grep "$what" "WARNING: callback: .*${said#warning }" "$scratch/out"
		fi
		;;
	*)
		callback "$form" "$text" >"$scratch/refused"
		cp "$scratch/final" "$scratch/taken"
		sim_run "$what" 2 /send --plan "$plan"
		assert_grep "$what" "FAULT: callback: $place$said" "$scratch/out"
		;;
	esac
done <<'END'
document|{|its body is no JSON: 
document||its body is no JSON: 
document|[]|the document must be an object$
document|null|the document must be an object$
document|{}|data is missing$
document|{"data":[]}|data must be an object$
data|"attributes":{"status":"passed"}|data.type is missing$
data|"type":"task-result","attributes":{"status":"passed"}|data.type must be task-results or task_results, not 'task-result'$
data|"type":1,"attributes":{"status":"passed"}|data.type must be task-results or task_results$
data|"type":"task_results","attributes":{"status":"passed"}|fine
data|"type":"task-results"|data.attributes is missing$
data|"type":"task-results","attributes":[]|data.attributes must be an object$
data|"type":"task-results","attributes":{"status":"passed"},"relationships":null|data.relationships must be an object$
data|"type":"task-results","attributes":{"status":"passed"},"relationship":{}|warning data.relationship is not known and will be ignored; is relationships meant\?$
result|"message":"m"|data.attributes.status is missing$
result|"status":"skipped"|data.attributes.status must be running, passed or failed, not 'skipped'$
result|"status":null|data.attributes.status must be running, passed or failed$
result|"status":"passed"|fine
result|"status":"passed","message":""|data.attributes.message is empty; leave it out
result|"status":"passed","message":null|data.attributes.message must be a text$
result|"status":"passed","message":"@1000@"|fine
result|"status":"passed","message":"@998@éé"|fine
result|"status":"passed","message":"@1001@"|data.attributes.message has 1001 characters; at most 1000 are allowed$
result|"status":"passed","message":"in [bold]red[reset], [0] [Red] [nothing]"|warning the terraform CLI takes .bold. in the message for a colour
result|"status":"passed","message":"[_red_]"|warning the terraform CLI takes ._red_. in the message for a colour
result|"status":"passed","message":"[0] [Red] [nothing] [_bold_] [red"|fine
result|"status":"passed","url":"https://example.com/a?b#c"|fine
result|"status":"passed","url":"https://example.com/@480@"|fine
result|"status":"passed","url":"https://example.com/@481@"|data.attributes.url has 501 characters; at most 500 are allowed$
result|"status":"passed","url":"example.com"|data.attributes.url must begin with http:// or https://
result|"status":"passed","url":"javascript:1"|data.attributes.url must begin with http:// or https://
result|"status":"passed","url":"https:///a"|data.attributes.url names no host$
result|"status":"passed","url":"https://example.com/a b"|data.attributes.url has a character that a URL cannot have$
result|"status":"passed","url":"https://example.com/é"|data.attributes.url has a character that a URL cannot have$
result|"status":"passed","url":""|data.attributes.url is empty
result|"status":"passed","links":1|warning data.attributes.links is not known and will be ignored$
outcomes|[]|data.relationships.outcomes must be an object$
outcomes|{}|data.relationships.outcomes.data is missing$
outcomes|{"data":{}}|data.relationships.outcomes.data must be a list$
outcomes|{"data":[]}|data.relationships.outcomes.data is an empty list
outcomes|{"data":[1]}|data.relationships.outcomes.data\[0\] must be an object$
outcomes|{"data":[{"attributes":{"outcome-id":"i","description":"d"}}]}|data.relationships.outcomes.data\[0\].type is missing$
outcomes|{"data":[{"type":"outcomes","attributes":{"outcome-id":"i","description":"d"}}]}|data.relationships.outcomes.data\[0\].type must be task-result-outcomes, not 'outcomes'$
outcomes|{"data":[{"type":"task-result-outcomes"}]}|data.relationships.outcomes.data\[0\].attributes is missing$
outcome|"outcome-id":"i","description":"d"|fine
outcome|"description":"d"|attributes.outcome-id is missing$
outcome|"outcome_id":"i","outcome-id":"i","description":"d"|warning attributes.outcome_id is not known and will be ignored; is outcome-id meant\?$
outcome|"outcome-id":"@64@","description":"@1000@"|fine
outcome|"outcome-id":"@65@","description":"d"|attributes.outcome-id has 65 characters; at most 64 are allowed$
outcome|"outcome-id":"","description":"d"|attributes.outcome-id is empty
outcome|"outcome-id":"i"|attributes.description is missing$
outcome|"outcome-id":"i","description":"@1001@"|attributes.description has 1001 characters; at most 1000 are allowed$
more|"body":"@10000@"|fine
more|"body":""|attributes.body is empty
more|"body":"@10001@"|warning attributes.body has 10001 characters; the schema allows 10000, the documentation 1 MB$
more|"body":"@1000001@"|attributes.body has 1000001 bytes; at most 1 MB is documented$
more|"url":"ftp://example.com"|attributes.url must begin with http:// or https://
more|"tags":{}|attributes.tags is empty
more|"tags":[]|attributes.tags must be an object$
tags|"Status":[{"label":"l"}],"_s9":[{"label":"l"}]|fine
tags|"Cost Centre":[{"label":"l"}]|attributes.tags.Cost Centre is no tag's name
tags|"9s":[{"label":"l"}]|attributes.tags.9s is no tag's name
tags|"":[{"label":"l"}]|attributes.tags. is no tag's name
tags|"a":"l"|attributes.tags.a must be a list$
tags|"a":[]|warning attributes.tags.a is an empty list
tags|"a":[{"label":"l"}],"b":[{"label":"l"}],"c":[{"label":"l"}],"d":[{"label":"l"}],"e":[{"label":"l"}],"f":[{"label":"l"}],"g":[{"label":"l"}],"h":[{"label":"l"}],"i":[{"label":"l"}],"j":[{"label":"l"}]|fine
tags|"a":[{"label":"l"}],"b":[{"label":"l"}],"c":[{"label":"l"}],"d":[{"label":"l"}],"e":[{"label":"l"}],"f":[{"label":"l"}],"g":[{"label":"l"}],"h":[{"label":"l"}],"i":[{"label":"l"}],"j":[{"label":"l"}],"k":[{"label":"l"}]|attributes.tags has 11 tags; at most 10 are allowed$
label|"l"|attributes.tags.T\[0\] must be an object$
label|{"level":"error"}|attributes.tags.T\[0\].label is missing$
label|{"label":""}|attributes.tags.T\[0\].label is empty
label|{"label":"@32@","level":"none"},{"label":"l","level":"info"},{"label":"l","level":"warning"},{"label":"l","level":"error"}|fine
label|{"label":"l"},{"label":"@33@"}|attributes.tags.T\[1\].label has 33 characters; at most 32 are allowed$
label|{"label":"l","level":"fatal"}|attributes.tags.T\[0\].level must be none, info, warning or error, not 'fatal'$
label|{"label":"l","colour":"red"}|warning attributes.tags.T\[0\].colour is not known and will be ignored$
END

# Lists that are too long for a line.
# outcomes N BODY: a result with N outcomes, each with that body
outcomes() {
	awk -v n="$1" -v body="$2" 'BEGIN {
		printf "{\"data\":{\"type\":\"task-results\",\"attributes\":{\"status\":\"failed\"},"
		printf "\"relationships\":{\"outcomes\":{\"data\":["
		text = "x"
		while (length(text) < body) text = text text
		text = substr(text, 1, body)
		for (i = 0; i < n; i++) {
			printf "%s{\"type\":\"task-result-outcomes\",\"attributes\":{\"outcome-id\":\"i\",", i ? "," : ""
			printf "\"description\":\"d\",\"body\":\"%s\"}}", text
		}
		print "]}}}}"
	}'
}
cp "$scratch/final" "$scratch/taken"
outcomes 251 1 >"$scratch/refused"
sim_run '251 outcomes' 2 /send --plan "$plan"
assert_grep '251 outcomes' 'outcomes.data has 251 items; at most 250 are allowed$' "$scratch/out"
outcomes 6 900000 >"$scratch/refused"
sim_run '5.4 MB of bodies' 2 /send --plan "$plan"
assert_grep '5.4 MB of bodies' 'has outcomes with 5400000 bytes of bodies; at most 5 MB is documented$' "$scratch/out"
outcomes 30 0 >"$scratch/refused"
sim_run 'the same many times' 2 /send --plan "$plan" --json
assert_grep 'the same many times' '"callback: and 10 more like these"\]' "$scratch/out"
rm "$scratch/refused"
outcomes 250 10000 >"$scratch/taken"
sim_run '250 outcomes' 1 /send --plan "$plan"
assert_grep '250 outcomes' '^  250 outcomes$' "$scratch/out"
result "$(printf ',"x":"\377"')" >"$scratch/refused"
sim_run 'bad UTF-8' 2 /send --plan "$plan"
assert_grep 'bad UTF-8' 'FAULT: callback: its body is no JSON: ' "$scratch/out"
finish_sim
