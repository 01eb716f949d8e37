#!/bin/sh
# The examples work: each policy finds what it is for and nothing else, the configuration has no fault, and what is for
# terraform is formatted as terraform does it (where there is one).
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"
need jq

planspool=$build/planspool
policies=$src/examples/policies
cd "$scratch"

# Resources, one a line: its type, the policies that it fails ("-": none; all others must pass it or leave it alone), and its
# values. Names are numbers.
cat >resources <<'END'
aws_s3_bucket		EXAMPLE_S3_1			{"bucket":"alone","tags":{"Owner":"a"}}
aws_s3_bucket		-				{"bucket":"blocked","tags":{"Owner":"a"}}
aws_s3_bucket		EXAMPLE_S3_1,EXAMPLE_S3_3	{"bucket":"public","acl":"public-read","tags":{"Owner":"a"}}
aws_s3_bucket_acl	EXAMPLE_S3_3			{"acl":"authenticated-read"}
aws_s3_bucket_acl	-				{"acl":"private"}
aws_s3_bucket_public_access_block - {"block_public_acls":true,"block_public_policy":true,"ignore_public_acls":true,"restrict_public_buckets":true}
aws_s3_bucket_public_access_block EXAMPLE_S3_2 {"block_public_acls":true,"block_public_policy":true,"ignore_public_acls":true,"restrict_public_buckets":null}
aws_db_instance		-				{"storage_encrypted":true,"publicly_accessible":false,"tags_all":{"Owner":"a"}}
aws_db_instance		EXAMPLE_RDS_1,EXAMPLE_RDS_2	{"storage_encrypted":false,"publicly_accessible":true}
aws_db_instance		-				{"storage_encrypted":null,"replicate_source_db":"x"}
aws_db_instance		EXAMPLE_RDS_1			{"storage_encrypted":null,"replicate_source_db":""}
aws_rds_cluster		EXAMPLE_RDS_1			{"storage_encrypted":null}
aws_rds_cluster_instance EXAMPLE_RDS_2			{"publicly_accessible":true}
aws_rds_cluster_instance -				{"publicly_accessible":null}
aws_sqs_queue		EXAMPLE_TAGS_1			{"tags":null,"tags_all":{}}
aws_sqs_queue		EXAMPLE_TAGS_1			{"tags":{"owner":"a"},"tags_all":{"owner":"a"}}
aws_sqs_queue		-				{"tags":null,"tags_all":{"Owner":"a"}}
aws_vpc_security_group_ingress_rule EXAMPLE_SSH_1	{"cidr_ipv4":"0.0.0.0/0","ip_protocol":"tcp","from_port":22,"to_port":22}
aws_vpc_security_group_ingress_rule EXAMPLE_SSH_1	{"cidr_ipv6":"::/0","ip_protocol":"tcp","from_port":0,"to_port":65535}
aws_vpc_security_group_ingress_rule EXAMPLE_SSH_1	{"cidr_ipv4":"0.0.0.0/0","ip_protocol":"-1","from_port":null,"to_port":null}
aws_vpc_security_group_ingress_rule -			{"cidr_ipv4":"0.0.0.0/0","ip_protocol":"tcp","from_port":443,"to_port":443}
aws_vpc_security_group_ingress_rule -			{"cidr_ipv4":"10.0.0.0/8","ip_protocol":"tcp","from_port":22,"to_port":22}
aws_iam_policy		EXAMPLE_IAM_1	{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}
aws_iam_policy		EXAMPLE_IAM_1	{"policy":"{\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"},{\"Effect\":\"Allow\",\"Action\":[\"s3:*\",\"*\"],\"Resource\":[\"*\"]}]}"}
aws_iam_role_policy	-		{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}
aws_instance		EXAMPLE_IMDS_1			{"metadata_options":[{"http_tokens":"optional"}]}
aws_instance		EXAMPLE_IMDS_1			{"metadata_options":[]}
aws_instance		-				{"metadata_options":[{"http_tokens":"required"}]}
terraform_data		EXAMPLE_1			{"input":{"disk":[{"encrypted":true},{"encrypted":false}]}}
terraform_data		EXAMPLE_1			{"input":{"disk":[{"encrypted":false}]}}
terraform_data		-				{"input":{"disk":[{"encrypted":true}]}}
terraform_data		EXAMPLE_2			{"input":{"cidr":"0.0.0.0/0"}}
terraform_data		-				{"input":{"cidr":"10.0.0.0/8"}}
END
sed 's/^\([a-z0-9_]*\)[[:space:]]*\([^[:space:]]*\)[[:space:]]*\({.*\)$/["\1","\2",\3]/' resources | jq -cs '
	to_entries | map({type: .value[0], name: "r\(.key)", fails: .value[1], after: .value[2]})' >rows.json
# The block that makes bucket r1 a good one refers to it.
jq -c '{format_version: "1.2", terraform_version: "1.11.4", complete: true, resource_changes: map({
		address: "\(.type).\(.name)", mode: "managed", type: .type, name: .name,
		change: {actions: ["create"], before: null, after: .after, after_unknown: {}}}),
	configuration: {root_module: {resources: map({
		address: "\(.type).\(.name)", mode: "managed", type: .type, name: .name,
		expressions: (if .name == "r5" then {bucket: {references: ["aws_s3_bucket.r1.id", "aws_s3_bucket.r1"]}} else {} end)})}}}' \
	rows.json >plan.json
jq -r '.[] | select(.fails != "-") | . as $r | .fails / "," | .[] | "\(.) \($r.type).\($r.name)"' rows.json | sort >expected

got=0
"$planspool" check --policy "$policies" --all --format json plan.json >out.json 2>err || got=$?
assert_equal "exit status ($(cat err))" 1 "$got"
assert 'no warnings about the policies' [ ! -s err ]
jq -r '.outcomes[] | select(.status == "failed") | "\(.id) \(.address)"' out.json | sort >found
diff expected found >difference || fail "only expected (<), only found (>): $(cat difference)"
jq -r '.outcomes[] | select(.status != "failed" and .status != "passed") | "\(.id) \(.address) \(.status)"' out.json >others
assert_equal 'nothing but failed and passed' '' "$(cat others)"

# Every policy there is has found something, and has let something pass.
for file in "$policies"/*; do
	sed -n 's/^.*[ {]id: *\([A-Z0-9_]*\).*/\1/p' "$file"
done | sort >ids
cut -d ' ' -f 1 found | sort -u >failing
diff ids failing >difference || fail "policies that nothing fails: $(cat difference)"
jq -r '.outcomes[] | select(.status == "passed") | .id' out.json | sort -u >passing
diff ids passing >difference || fail "policies that nothing passes: $(cat difference)"

# The configuration among the examples.
mkdir etc
umask 077
sed -e "s|/etc/planspool|$scratch/etc|; /^handler_user/d" "$src/examples/planspool.yaml" >etc/planspool.yaml
cp -r "$policies" etc/policies
"$planspool" keygen seal etc >keygen.log
"$planspool" keygen hmac etc/prod.key >>keygen.log
"$planspool" test-config -c etc/planspool.yaml >out 2>err || fail "the configuration: $(cat err)"

if command -v terraform >/dev/null 2>&1; then
	terraform fmt -check -diff "$src/examples/terraform" >out 2>&1 || fail "terraform fmt: $(cat out)"
fi
finish
