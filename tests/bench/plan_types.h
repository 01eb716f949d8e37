/* What the types of resources of generated plans look like. For plan_gen.c alone. */
#ifndef PLANSPOOL_BENCH_PLAN_TYPES_H
#define PLANSPOOL_BENCH_PLAN_TYPES_H

/* Attributes of a type. What stands between < and > is known once the resource exists. $ and a letter is replaced, see
 * expand() in plan_gen.c. */
static const struct type {
	const char *name, *stem, *values, *unknown, *sensitive, *expressions;
} types[] = {
	{ "aws_instance", "web",
		"\"ami\":\"ami-0$h$h\",<\"arn\":\"arn:aws:ec2:$r:123456789012:instance/i-0$h$h\",>"
		"\"credit_specification\":[{\"cpu_credits\":\"standard\"}],\"ebs_block_device\":[],"
		"\"get_password_data\":false,"
		"\"hibernation\":null,<\"id\":\"i-0$h$h\",>\"instance_type\":\"$k.large\",\"launch_template\":[],"
		"\"metadata_options\":[{\"http_endpoint\":\"enabled\",\"http_put_response_hop_limit\":$n,"
		"\"http_tokens\":\"$q\"}],"
		"\"monitoring\":$t,\"region\":\"$r\",\"root_block_device\":[{\"delete_on_termination\":true,"
		"\"encrypted\":$t,"
		"\"iops\":3000,\"tags\":null,\"volume_size\":$n,\"volume_type\":\"gp3\"}],"
		"\"source_dest_check\":true,$T,"
		"\"timeouts\":null,\"user_data\":\"#!/bin/bash\\nset -eu\\n$p\",\"user_data_replace_on_change\":false",
		"\"arn\":true,\"credit_specification\":[{}],\"ebs_block_device\":[],\"id\":true,\"launch_template\":[],"
		"\"metadata_options\":[{}],\"root_block_device\":[{\"device_name\":true}],\"tags\":{},\"tags_all\":{}",
		"\"credit_specification\":[{}],\"ebs_block_device\":[],\"launch_template\":[],"
		"\"metadata_options\":[{}],"
		"\"root_block_device\":[{}],\"tags\":{},\"tags_all\":{}",
		"\"ami\":{\"references\":[\"var.ami\"]},\"instance_type\":{\"constant_value\":\"m6i.large\"},\"tags\":{"
		"\"references\":[\"local.tags\",\"count.index\"]},\"user_data\":{\"references\":[\"path.module\"]}" },
	{ "aws_s3_bucket", "store",
		"<\"arn\":\"arn:aws:s3:::acme-$e-$h\",>\"bucket\":\"acme-$e-$h\",\"bucket_prefix\":null,"
		"\"cors_rule\":[],"
		"\"force_destroy\":$f,<\"id\":\"acme-$e-$h\","
		">\"lifecycle_rule\":[{\"abort_incomplete_multipart_upload_days\":7,"
		"\"enabled\":true,\"expiration\":[{\"date\":null,\"days\":$n,\"expired_object_delete_marker\":null}],"
		"\"id\":\"expire\",\"noncurrent_version_expiration\":[],\"prefix\":\"logs/\",\"tags\":null,"
		"\"transition\":["
		"{\"date\":\"\",\"days\":30,\"storage_class\":\"STANDARD_IA\"},{\"date\":\"\",\"days\":90,"
		"\"storage_class\":\"GLACIER\"}]}],"
		"\"logging\":[{\"target_bucket\":\"acme-logs\",\"target_prefix\":\"$h/\"}],\"region\":\"$r\","
		"$T,\"timeouts\":null,"
		"\"versioning\":[{\"enabled\":$t,\"mfa_delete\":false}],\"website\":[]",
		"\"acceleration_status\":true,\"acl\":true,\"arn\":true,\"cors_rule\":[],\"id\":true,"
		"\"lifecycle_rule\":[{"
		"\"expiration\":[{}],\"noncurrent_version_expiration\":[],\"transition\":[{},{}]}],\"logging\":[{}],"
		"\"tags\":{},\"tags_all\":{},\"versioning\":[{}],\"website\":[]",
		"\"cors_rule\":[],\"lifecycle_rule\":[{\"expiration\":[{}],"
		"\"noncurrent_version_expiration\":[],\"transition\":[{},{}]}],"
		"\"logging\":[{}],\"tags\":{},\"tags_all\":{},\"versioning\":[{}],\"website\":[]",
		"\"bucket\":{\"references\":[\"var.environment\",\"count.index\"]},"
		"\"logging\":[{\"target_bucket\":{\"constant_value\":"
		"\"acme-logs\"}}],\"tags\":{\"references\":[\"local.tags\"]},"
		"\"versioning\":[{\"enabled\":{\"constant_value\":true}}]" },
	{ "aws_security_group", "access",
		"<\"arn\":\"arn:aws:ec2:$r:123456789012:security-group/sg-0$h\","
		">\"description\":\"Managed by Terraform\","
		"\"egress\":[{\"cidr_blocks\":[\"0.0.0.0/0\"],\"description\":\"\",\"from_port\":0,"
		"\"ipv6_cidr_blocks\":[],"
		"\"prefix_list_ids\":[],\"protocol\":\"-1\",\"security_groups\":[],\"self\":false,"
		"\"to_port\":0}],<\"id\":\"sg-0$h\",>"
		"\"ingress\":[{\"cidr_blocks\":[\"10.$n.0.0/16\",\"10.$n.0.0/16\"],"
		"\"description\":\"https from the office\",\"from_port\":443,"
		"\"ipv6_cidr_blocks\":[],\"prefix_list_ids\":[],\"protocol\":\"tcp\",\"security_groups\":[],"
		"\"self\":false,\"to_port\":443},"
		"{\"cidr_blocks\":[\"10.$n.0.0/16\"],\"description\":\"metrics \\u0026 health\","
		"\"from_port\":9100,\"ipv6_cidr_blocks\":[],"
		"\"prefix_list_ids\":[],\"protocol\":\"tcp\",\"security_groups\":[],\"self\":false,\"to_port\":9100}],"
		"\"name\":\"$e-access-$i\",\"name_prefix\":\"\",\"region\":\"$r\","
		"\"revoke_rules_on_delete\":$f,$T,\"timeouts\":null",
		"\"arn\":true,\"egress\":[{\"cidr_blocks\":[false],\"ipv6_cidr_blocks\":[],"
		"\"prefix_list_ids\":[],\"security_groups\":[]}],"
		"\"id\":true,\"ingress\":true,\"owner_id\":true,\"tags\":{},\"tags_all\":{},\"vpc_id\":true",
		"\"egress\":[{\"cidr_blocks\":[false],\"ipv6_cidr_blocks\":[],\"prefix_list_ids\":[],"
		"\"security_groups\":[]}],"
		"\"ingress\":[{\"cidr_blocks\":[false]},{\"cidr_blocks\":[false]}],\"tags\":{},\"tags_all\":{}",
		"\"description\":{\"constant_value\":\"Managed by Terraform\"},\"ingress\":{},"
		"\"name\":{\"references\":[\"var.environment\"]},"
		"\"tags\":{\"references\":[\"local.tags\"]},\"vpc_id\":{\"references\":[\"aws_vpc.main.id\","
		"\"aws_vpc.main\"]}" },
	{ "aws_db_instance", "database",
		"\"allocated_storage\":$n,\"apply_immediately\":false,"
		"<\"arn\":\"arn:aws:rds:$r:123456789012:db:d-$h\",>"
		"\"auto_minor_version_upgrade\":true,\"backup_retention_period\":$n,\"copy_tags_to_snapshot\":true,"
		"\"deletion_protection\":$t,\"enabled_cloudwatch_logs_exports\":[\"postgresql\",\"upgrade\"],"
		"\"engine\":\"postgres\","
		"\"engine_version\":\"16.$v\",<\"id\":\"db-$h\",>\"identifier\":\"acme-$e-$i\","
		"\"instance_class\":\"db.r6g.xlarge\","
		"\"manage_master_user_password\":null,\"max_allocated_storage\":1000,\"multi_az\":$t,"
		"\"password\":\"$h$h\","
		"\"performance_insights_enabled\":true,\"port\":5432,\"publicly_accessible\":$f,\"region\":\"$r\","
		"\"skip_final_snapshot\":$f,\"storage_encrypted\":$t,\"storage_type\":\"gp3\",$T,"
		"\"timeouts\":null,\"username\":\"app\"",
		"\"address\":true,\"arn\":true,\"enabled_cloudwatch_logs_exports\":[false,false],"
		"\"endpoint\":true,\"id\":true,"
		"\"master_user_secret\":true,\"status\":true,\"tags\":{},\"tags_all\":{},"
		"\"vpc_security_group_ids\":true",
		"\"enabled_cloudwatch_logs_exports\":[false,false],\"password\":true,\"tags\":{},\"tags_all\":{}",
		"\"engine\":{\"constant_value\":\"postgres\"},"
		"\"password\":{\"references\":[\"var.db_password\"]},\"tags\":{"
		"\"references\":[\"local.tags\"]},"
		"\"vpc_security_group_ids\":{\"references\":[\"aws_security_group.access.id\","
		"\"aws_security_group.access\"]}" },
	{ "aws_iam_role", "role",
		"<\"arn\":\"arn:aws:iam::123456789012:role/$e-$h\","
		">\"assume_role_policy\":\"{\\\"Statement\\\":[{\\\"Action\\\":"
		"\\\"sts:AssumeRole\\\",\\\"Effect\\\":\\\"Allow\\\","
		"\\\"Principal\\\":{\\\"Service\\\":\\\"ec2.amazonaws.com\\\"},"
		"\\\"Sid\\\":\\\"$h\\\"}],\\\"Version\\\":\\\"2012-10-17\\\"}\",\"description\":\"role of team $o\","
		"\"force_detach_policies\":$f,<\"id\":\"$e-$h\",>\"inline_policy\":[],"
		"\"managed_policy_arns\":[],\"max_session_duration\":3600,"
		"\"name\":\"$e-$h\",\"path\":\"/\",\"permissions_boundary\":null,\"region\":\"$r\",$T",
		"\"arn\":true,\"create_date\":true,\"id\":true,\"inline_policy\":true,"
		"\"managed_policy_arns\":true,\"tags\":{},"
		"\"tags_all\":{},\"unique_id\":true",
		"\"inline_policy\":[],\"managed_policy_arns\":[],\"tags\":{},\"tags_all\":{}",
		"\"assume_role_policy\":{\"references\":[\"data.aws_iam_policy_document.trust.json\","
		"\"data.aws_iam_policy_document.trust\"]},"
		"\"name\":{\"references\":[\"var.environment\"]},\"tags\":{\"references\":[\"local.tags\"]}" },
	{ "aws_lambda_function", "worker",
		"\"architectures\":[\"arm64\"],<\"arn\":\"arn:aws:lambda:$r:123456789012:function:f-$h\","
		">\"code_signing_config_arn\":null,"
		"\"dead_letter_config\":[],\"description\":\"handles $o\","
		"\"environment\":[{\"variables\":{\"LOG_LEVEL\":\"info\","
		"\"QUEUE_URL\":\"https://sqs.$r.amazonaws.com/123456789012/q-$h\",\"STAGE\":\"$e\"}}],"
		"\"filename\":\"worker.zip\","
		"\"function_name\":\"$e-worker-$i\",\"handler\":\"bootstrap\",<\"id\":\"f-$h\","
		">\"layers\":null,\"memory_size\":512,"
		"\"package_type\":\"Zip\",\"publish\":$f,\"region\":\"$r\","
		"\"reserved_concurrent_executions\":-1,\"runtime\":\"$l\","
		"\"skip_destroy\":false,\"source_code_hash\":\"$h$h=\",$T,\"timeout\":$n,\"timeouts\":null,"
		"\"tracing_config\":[{\"mode\":\"Active\"}]",
		"\"architectures\":[false],\"arn\":true,\"dead_letter_config\":[],"
		"\"environment\":[{\"variables\":{}}],\"id\":true,"
		"\"invoke_arn\":true,\"qualified_arn\":true,\"tags\":{},\"tags_all\":{},"
		"\"tracing_config\":[{}],\"version\":true",
		"\"architectures\":[false],\"dead_letter_config\":[],\"environment\":[{\"variables\":{}}],"
		"\"tags\":{},\"tags_all\":{},"
		"\"tracing_config\":[{}]",
		"\"environment\":[{\"variables\":{\"references\":[\"var.environment\","
		"\"aws_sqs_queue.jobs.url\",\"aws_sqs_queue.jobs\"]}}],"
		"\"runtime\":{\"constant_value\":\"python3.12\"},\"tags\":{\"references\":[\"local.tags\"]}" },
	{ "aws_ebs_volume", "disk",
		"<\"arn\":\"arn:aws:ec2:$r:123456789012:volume/vol-0$h\",>\"availability_zone\":\"$ra\","
		"\"encrypted\":$t,"
		"\"final_snapshot\":$f,<\"id\":\"vol-0$h\","
		">\"kms_key_id\":\"arn:aws:kms:$r:123456789012:key/$h\",\"multi_attach_enabled\":null,"
		"\"outpost_arn\":null,\"region\":\"$r\",\"size\":$n,\"snapshot_id\":null,$T,\"timeouts\":null,"
		"\"type\":\"gp3\"",
		"\"arn\":true,\"id\":true,\"iops\":true,\"tags\":{},\"tags_all\":{},\"throughput\":true",
		"\"tags\":{},\"tags_all\":{}",
		"\"availability_zone\":{\"references\":[\"var.zone\"]},\"encrypted\":{\"constant_value\":true},"
		"\"kms_key_id\":{"
		"\"references\":[\"aws_kms_key.disks.arn\",\"aws_kms_key.disks\"]},"
		"\"tags\":{\"references\":[\"local.tags\"]}" },
	{ "aws_subnet", "net",
		"<\"arn\":\"arn:aws:ec2:$r:123456789012:subnet/subnet-0$h\",>\"assign_ipv6_address_on_creation\":false,"
		"\"availability_zone\":\"$ra\",\"cidr_block\":\"10.$n.$n.0/24\",\"enable_dns64\":false,"
		"<\"id\":\"subnet-0$h\",>"
		"\"ipv6_cidr_block\":null,\"ipv6_native\":false,\"map_public_ip_on_launch\":$f,\"outpost_arn\":null,"
		"\"private_dns_hostname_type_on_launch\":\"ip-name\",\"region\":\"$r\",$T,\"timeouts\":null",
		"\"arn\":true,\"availability_zone_id\":true,\"id\":true,\"owner_id\":true,\"tags\":{},"
		"\"tags_all\":{},\"vpc_id\":true",
		"\"tags\":{},\"tags_all\":{}",
		"\"cidr_block\":{\"references\":[\"var.cidr\",\"count.index\"]},"
		"\"tags\":{\"references\":[\"local.tags\"]},\"vpc_id\":{"
		"\"references\":[\"aws_vpc.main.id\",\"aws_vpc.main\"]}" },
};

#endif
