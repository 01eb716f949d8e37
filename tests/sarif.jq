# The rules of the SARIF 2.1.0 schema and specification for what planspool writes. The input is one log; the output are the
# rules that it breaks, one a line.

def rule(name; condition): if condition then empty else name end;
def text: type == "string" and length > 0;
def only($known): keys - $known == [];
def integer: type == "number" and . == floor;
def message: type == "object" and only(["text", "markdown"]) and (.text | text);
# RFC 3986: nothing but its characters, % with two digits, and no scheme but file.
def uri: text and test("^(file:///|[^:]*$)") and test("^([A-Za-z0-9._~/:-]|%[0-9A-F]{2})*$");

rule("the log's members"; only(["$schema", "version", "runs"])),
rule("version"; .version == "2.1.0"),
rule("$schema"; .["$schema"] | test("^https://.*sarif.*2.1.0")),
rule("one run"; .runs | length == 1),
(.runs[0]
	| .tool.driver.rules as $rules
	| rule("the run's members"; only(["tool", "invocations", "results", "properties"])),
	rule("the driver"; .tool | only(["driver"])
		and (.driver | only(["name", "version", "rules"]) and .name == "planspool" and (.version | text))),
	rule("ids of rules differ"; [$rules[].id] | . == [] or (all(text) and (unique | length) == ($rules | length))),
	rule("rules"; all($rules[]; only(["id", "shortDescription", "help", "helpUri", "properties"])
		and (.shortDescription | message)
		and ((has("help") | not) or (.help | message))
		and ((has("helpUri") | not) or (.helpUri | test("^https?://[^ ]+$"))))),
	rule("severities"; all($rules[].properties // {}; . == {} or (only(["severity", "security-severity"])
		and (.["security-severity"] | test("^[0-9]+\\.[0-9]$")) and (.severity | text)))),
	rule("the invocation"; (.invocations | length == 1) and (.invocations[0]
		| only(["executionSuccessful", "exitCode", "toolExecutionNotifications"])
		and .executionSuccessful == true and (.exitCode == 0 or .exitCode == 1)
		and all(.toolExecutionNotifications[]; only(["level", "message"]) and (.message | message)
			and (.level | IN("none", "note", "warning", "error"))))),
	(.results[] as $r | $r
		| rule("a result's members"; only(["ruleId", "ruleIndex", "kind", "level", "message", "locations",
			"partialFingerprints", "suppressions", "properties"])),
		rule("its rule"; (.ruleIndex | integer) and .ruleIndex >= 0 and $rules[.ruleIndex].id == .ruleId),
		rule("its kind"; .kind | IN("pass", "fail", "open")),
		rule("its level"; .level | IN("none", "note", "warning", "error")),
		rule("a level belongs to what fails"; (.level == "none") == (.kind != "fail")),
		rule("its message"; .message | message),
		rule("braces are doubled"; .message.text | gsub("\\{\\{|\\}\\}"; "") | test("[{}]") | not),
		rule("its location"; (.locations | length == 1) and (.locations[0]
			| only(["physicalLocation", "logicalLocations"])
			and (.physicalLocation | only(["artifactLocation", "region"])
				and (.artifactLocation | only(["uri"]) and (.uri | uri))
				and .region == {"startLine": 1})
			and all(.logicalLocations[]?; only(["fullyQualifiedName", "kind"]) and .kind == "resource"
				and (.fullyQualifiedName | text)))),
		rule("its fingerprint"; .partialFingerprints | length == 1 and all(.[]; test("^[0-9a-f]{32}$"))),
		rule("its suppression"; (has("suppressions") | not) or all(.suppressions[];
			only(["kind", "status", "justification"]) and .kind == "external" and .status == "accepted"
			and (.justification | text))),
		rule("its status"; .properties | all(.[]; text)
			and (.status | IN("failed", "error", "warning", "unknown", "skipped", "passed")))),
	rule("fingerprints differ"; [.results[].partialFingerprints[]] | length == (unique | length)))
