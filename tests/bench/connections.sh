#!/bin/sh
# Writes plans and policies for measuring connections:
#
#	connections.sh plan RESOURCES		to standard output
#	connections.sh counted RESOURCES	the same of two resources with count, where each refers to [count.index]
#	connections.sh unknown RESOURCES	resources with 20 attributes that are computed by references
#	connections.sh policies COUNT
#	connections.sh waiting COUNT		policies that each ask whether another of 20 such attributes exists
#	connections.sh waiting_connected COUNT	the same beside a connection
#
# Every resource has a configuration of its own in a module, an address of about 120 bytes, 12 nested blocks and a mix of
# 20 flags that hardly another has; it refers to three others, two of them in its module, one through an input. A
# policy asks for a connection, for a flag of what is connected, and whether something unknown exists.
set -eu
what=$1 count=$2

plan() {
	awk -v count="$count" '
	function comma(i) { return i == 0 ? "" : "," }

	function address(i) { return type(i) ".application_load_balancer_internal_" i }

	function type(i) { return i % 4 == 0 ? "aws_vpc" : i % 4 == 1 ? "aws_subnet" : i % 4 == 2 ? \
		"aws_security_group" : "aws_instance" }

	function team(i) { return "network_services_for_team_" int(i / 20) }

	function reference(name, i) { return "\"" name "\":{\"references\":[\"" address(i) ".id\",\"" address(i) "\"]}" }

	BEGIN {
		srand(1)
		for (i = 0; i < 12; i++)
			rules = rules comma(i) "{\"cidr_blocks\":[\"10.0.0.0/8\"],\"port\":" 8000 + i "}"
		printf "{\"format_version\":\"1.2\",\"terraform_version\":\"1.11.4\",\"resource_changes\":["
		for (i = 0; i < count; i++) {
			printf "%s{\"address\":\"module.environment[\\\"production-eu-central-1\\\"].module.%s.%s\",", comma(i),
				team(i), address(i)
			printf "\"mode\":\"managed\",\"type\":\"%s\",\"name\":\"application_load_balancer_internal_%d\",", type(i), i
			printf "\"change\":{\"actions\":[\"create\"],\"before\":null,\"after\":{\"rule\":[%s]", rules
			for (k = 0; k < 20; k++)
				printf ",\"flag_%d\":%s", k, rand() < 0.5 ? "true" : "false"
			printf "},\"after_unknown\":{\"arn\":true,\"network\":true}}}"
		}
		printf "],\"configuration\":{\"root_module\":{\"module_calls\":{\"environment\":{\"module\":{\"resources\":["
		printf "{\"address\":\"aws_vpc.shared\",\"mode\":\"managed\",\"type\":\"aws_vpc\",\"name\":\"shared\"}],\"module_calls\":{"
		for (first = 0; first < count; first += 20) {
			printf "%s\"%s\":{\"expressions\":{\"shared\":{\"references\":[\"aws_vpc.shared.id\",\"aws_vpc.shared\"]}},", \
				comma(first), team(first)
			printf "\"module\":{\"resources\":["
			for (i = first; i < first + 20 && i < count; i++) {
				printf "%s{\"address\":\"%s\",\"mode\":\"managed\",\"type\":\"%s\",", comma(i - first),
					address(i), type(i)
				printf "\"name\":\"application_load_balancer_internal_%d\",\"expressions\":{", i
				printf "%s,%s,", reference("network", first + (i + 1) % 20), reference("other", first + (i + 7) % 20)
				printf "\"shared\":{\"references\":[\"var.shared\"]}}}"
			}
			printf "]}}"
		}
		print "}}}}}}}"
	}'
}

counted() {
	awk -v count="$count" '
	function resource(type, i) {
		printf "{\"address\":\"%s.x[%d]\",\"mode\":\"managed\",\"type\":\"%s\",\"name\":\"x\",", type, i, type
		printf "\"change\":{\"actions\":[\"create\"],\"before\":null,\"after\":{\"flag_0\":true,\"network\":1},\"after_unknown\":{}}}"
	}

	BEGIN {
		printf "{\"format_version\":\"1.2\",\"terraform_version\":\"1.11.4\",\"resource_changes\":["
		for (i = 0; i < count / 2; i++) {
			printf "%s", (i > 0 ? "," : "")
			resource("aws_vpc", i)
			printf ","
			resource("aws_subnet", i)
		}
		printf "],\"configuration\":{\"root_module\":{\"resources\":["
		printf "{\"address\":\"aws_vpc.x\",\"expressions\":{\"subnet\":{\"references\":[\"aws_subnet.x\",\"count.index\"]}}},"
		print "{\"address\":\"aws_subnet.x\",\"expressions\":{}}]}}}"
	}'
}

unknown() {
	awk -v count="$count" '
	function resource(i) {
		return "\"address\":\"aws_vpc.resource_" i "\",\"mode\":\"managed\",\"type\":\"aws_vpc\",\"name\":\"resource_" i "\""
	}

	BEGIN {
		for (k = 0; k < 20; k++) {
			separator = k > 0 ? "," : ""
			values = values separator "\"unknown_" k "\":true"
			expressions = expressions separator "\"unknown_" k "\":{\"references\":[\"aws_vpc.resource_0.id\",\"aws_vpc.resource_0\"]}"
		}
		printf "{\"format_version\":\"1.2\",\"terraform_version\":\"1.11.4\",\"resource_changes\":["
		for (i = 0; i < count; i++) {
			printf "%s{%s,\"change\":{\"actions\":[\"create\"],\"before\":null,", (i > 0 ? "," : ""), resource(i)
			printf "\"after\":{\"a\":1},\"after_unknown\":{%s}}}", values
		}
		printf "],\"configuration\":{\"root_module\":{\"resources\":["
		for (i = 0; i < count; i++)
			printf "%s{%s,\"expressions\":{%s}}", (i > 0 ? "," : ""), resource(i), expressions
		print "]}}}"
	}'
}

waiting() {
	connection=${1-}
	awk -v count="$count" -v connection="$connection" 'BEGIN {
		for (i = 0; i < count; i++) {
			printf "- metadata: {id: BENCH_%d, name: waiting, category: NETWORKING}\n  definition:\n    and:\n%s", i, connection
			printf "      - {cond_type: attribute, resource_types: [aws_vpc], attribute: unknown_%d, operator: exists}\n", i % 20
		}
	}'
}

waiting_connected() {
	waiting '      - {cond_type: connection, resource_types: [aws_vpc], connected_resource_types: [aws_vpc], operator: exists}\n'
}

policies() {
	awk -v count="$count" 'BEGIN {
		split("aws_vpc aws_subnet aws_security_group aws_instance", types)
		for (i = 0; i < count; i++) {
			printf "- metadata: {id: BENCH_%d, name: connected, category: NETWORKING}\n  definition:\n    and:\n", i
			print "      - {cond_type: connection, resource_types: [aws_vpc, aws_security_group],"
			print "         connected_resource_types: [aws_subnet, aws_instance], operator: exists}"
			printf "      - {cond_type: attribute, resource_types: [aws_subnet, aws_instance], attribute: flag_%d,", i % 20
			print " operator: equals, value: true}"
			print "      - {cond_type: attribute, resource_types: [aws_vpc], attribute: network, operator: exists}"
		}
	}'
}

$what
