/* The check of machine images: plans against a registry, as tables. A row is what is configured, what a plan holds, and
 * the outcomes that come of it. */
#include "images_fixture.h"

static const struct row {
	const char *what, *arguments, *plan, *expect;
	const char *reason;	/* in the reason of the first outcome */
} rows[] = {
	{ "created from a revoked image", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", OLD)),
		"failed revoked aws_instance.a",
		OLD " is ubuntu v9, revoked since 2020-05-01T10:00Z by jane: CVE|1; newest: v10, " NEW " (literal)" },
	{ "replaced, in either order", "", CHANGES(INSTANCE("aws_instance.a", "\"delete\",\"create\"", OLD) ","
		INSTANCE("aws_instance.b", "\"create\",\"delete\"", OLD) "," INSTANCE("aws_instance.c",
		"\"create\",\"forget\"", OLD)),
		"failed revoked aws_instance.a, failed revoked aws_instance.b, failed revoked aws_instance.c",
		"replace: " },
	{ "updated in place", "", CHANGES(CHANGE("aws_launch_template.t", "aws_launch_template", "\"update\"",
		"{\"image_id\":\"" OLD "\"}", ",\"before\":{\"image_id\":\"" NEW "\"}")),
		"warning revoked aws_launch_template.t", "in place of " NEW " (literal)" },
	{ "an update moves away", "", CHANGES(CHANGE("aws_launch_template.t", "aws_launch_template", "\"update\"",
		"{\"image_id\":\"" NEW "\"}", ",\"before\":{\"image_id\":\"" OLD "\"}")),
		"passed ok aws_launch_template.t", "in place of " OLD ", whose version was revoked" },
	{ "unchanged", "", CHANGES(INSTANCE("aws_instance.a", "\"no-op\"", OLD)), "skipped revoked aws_instance.a",
	"unchanged: " },
	{ "going away", "", CHANGES(CHANGE("aws_instance.a", "aws_instance", "\"delete\"", "null",
	",\"before\":{\"ami\":\"" OLD "\"}") ","
		CHANGE("aws_instance.b", "aws_instance", "\"forget\"", "null", "") ","
		"{\"address\":\"aws_instance.c\",\"deposed\":\"00\",\"mode\":\"managed\",\"type\":\"aws_instance\",\"na"
		"me\":\"n\","
		"\"change\":{\"actions\":[\"create\"],\"after\":{\"ami\":\"" OLD "\"}}}"), "", NULL },
	{ "v10 is newer than v9 and v8", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", NEW) ","
		INSTANCE("aws_instance.b", "\"create\"", ANCIENT)),
		"warning outdated aws_instance.b, passed ok aws_instance.a",
		"newest: v10, " NEW },
	{ "no image of the newest for the region", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"",
	"ami-00000000000000088")),
		"warning outdated aws_instance.a", "newest: v10, which has no image for aws eu-west-1" },
	{ "an incomplete version", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", "ami-0000000a")),
		"warning incomplete aws_instance.a", NULL },
	{ "incomplete: block", "incomplete: block", CHANGES(INSTANCE("aws_instance.a", "\"create\"", "ami-0000000a") ","
		INSTANCE("aws_instance.b", "\"update\"", "ami-0000000a")),
		"failed incomplete aws_instance.a, warning incomplete aws_instance.b", NULL },
	{ "scheduled", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", "ami-0000000b")),
	"warning scheduled aws_instance.a",
		"to be revoked on 2099-05-01T08:00Z, " },
	{ "scheduled, and the date has passed", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", "ami-0000000c")),
		"failed revoked aws_instance.a", NULL },
	{ "revoked without a date", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", "ami-0000000d")),
		"failed revoked aws_instance.a", "later v3, revoked (literal)" },
	{ "the zero time in the registry", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", "ami-0000000e")),
		"passed ok aws_instance.a", NULL },
	{ "in two buckets, one revoked", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", "ami-00000abc")),
		"failed ambiguous aws_instance.a", "copy-a v1" },
	{ "untracked", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", OTHER)), "warning untracked aws_instance.a",
	NULL },
	{ "untracked: block", "untracked: block", CHANGES(INSTANCE("aws_instance.a", "\"create\"", OTHER) ","
		INSTANCE("aws_instance.b", "\"update\"", OTHER) "," INSTANCE("aws_instance.c", "\"no-op\"", OTHER)),
		"failed untracked aws_instance.a, warning untracked aws_instance.b, passed untracked aws_instance.c",
		NULL },
	{ "untracked: ignore", "untracked: ignore", CHANGES(INSTANCE("aws_instance.a", "\"create\"", OTHER)),
		"passed untracked aws_instance.a", NULL },
	{ "allowed", "untracked: block, allow: [{id: " OTHER "}]", CHANGES(INSTANCE("aws_instance.a", "\"create\"",
	OTHER)),
		"passed untracked aws_instance.a", "allowed by " OTHER },
	{ "a parameter", "untracked: block", CHANGES(CREATE("aws_launch_template.t", "aws_launch_template",
		"{\"image_id\":\"resolve:ssm:/golden\"}")), "failed floating aws_launch_template.t", NULL },
	{ "floating: ignore", "untracked: block, floating: ignore",
	CHANGES(CREATE("aws_launch_template.t", "aws_launch_template",
		"{\"image_id\":\"resolve:ssm:/golden\"}")), "passed floating aws_launch_template.t", NULL },
	{ "not known until apply", "untracked: block", CHANGES(CHANGE("aws_instance.a", "aws_instance", "\"create\"",
	"{}",
		",\"after_unknown\":{\"ami\":true}")), "unknown unknown aws_instance.a", NULL },
	{ "not known in nested blocks", "untracked: block", CHANGES(CHANGE("aws_batch_compute_environment.b",
		"aws_batch_compute_environment", "\"create\"",
		"{\"compute_resources\":[{\"ec2_configuration\":[{},{\"image_id_override\":\""
		OLD "\"}]}]}",
		",\"after_unknown\":{\"compute_resources\":[{\"ec2_configuration\":[{\"image_id_override\":true},{}]}]"
		"}")),
		"failed revoked aws_batch_compute_environment.b, unknown unknown aws_batch_compute_environment.b",
		NULL },
	{ "an instance of a launch template", "untracked: block", CHANGES(CHANGE("aws_instance.a", "aws_instance",
	"\"create\"",
		"{\"launch_template\":[{\"name\":\"t\"}]}",
		",\"after_unknown\":{\"ami\":true}") "," CREATE("aws_instance.b", "aws_instance",
		"{\"ami\":null}") "," CREATE("aws_instance.c", "aws_instance", "{\"ami\":\"\"}")), "", NULL },
	{ "the same image twice in a set", "", CHANGES(CREATE("aws_spot_fleet_request.f", "aws_spot_fleet_request",
		"{\"launch_specification\":[{\"ami\":\"" OLD "\"},{\"ami\":\"" OLD "\"},{\"ami\":\"" NEW "\"}]}")),
		"failed revoked aws_spot_fleet_request.f, passed ok aws_spot_fleet_request.f", NULL },
	/* Azure */
	{ "Azure: another case, a slash behind", "", CHANGES(CREATE("azurerm_linux_virtual_machine.v",
		"azurerm_linux_virtual_machine",
		"{\"source_image_id\":\"/SUBSCRIPTIONS/s-1/RESOURCEGROUPS/rg/providers/microsoft.compute/IMAGES/win/\""
		"}")),
		"failed revoked azurerm_linux_virtual_machine.v", NULL },
	{ "Azure: another subscription", "", CHANGES(CREATE("azurerm_linux_virtual_machine.v",
	"azurerm_linux_virtual_machine",
		"{\"source_image_id\":\"/subscriptions/s-2/resourceGroups/rg/providers/Microsoft.Compute/images/win\""
		"}")),
		"warning untracked azurerm_linux_virtual_machine.v", NULL },
	{ "Azure: the version in the gallery of a managed image", "", CHANGES(CREATE("azurerm_linux_virtual_machine.v",
		"azurerm_linux_virtual_machine", "{\"source_image_id\":\"/subscriptions/any" GALLERY
		"/versions/1.0.0\"}")),
		"failed revoked azurerm_linux_virtual_machine.v", NULL },
	{ "Azure: the gallery's image without a version", "untracked: block",
	CHANGES(CREATE("azurerm_linux_virtual_machine.v",
		"azurerm_linux_virtual_machine", "{\"source_image_id\":\"/subscriptions/any" GALLERY "\"}")),
		"warning floating azurerm_linux_virtual_machine.v", "is win v2" },
	{ "Azure: marketplace", "untracked: block, allow: [{marketplace: \"canonical:*:22_04:*\"}]", CHANGES(
		CREATE("azurerm_linux_virtual_machine.v", "azurerm_linux_virtual_machine", "{\"source_image_id\":null,"
		"\"source_image_reference\":[{\"publisher\":\"Canonical\",\"offer\":\"jammy\",\"sku\":\"22_04\",\"versi"
		"on\":\"latest\"}]}")
		"," CREATE("azurerm_virtual_machine.w", "azurerm_virtual_machine",
			"{\"storage_image_reference\":[{\"id\":\"\","
		"\"publisher\":\"Other\",\"offer\":\"o\",\"sku\":\"s\",\"version\":\"1\"}]}")),
		"failed marketplace azurerm_virtual_machine.w, passed marketplace azurerm_linux_virtual_machine.v",
		"Other:o:s:1" },
	{ "Azure: allowed by a pattern in another case",
	"untracked: block, allow: [{glob: \"/subscriptions/S-2/resourceGroups/Shared/*\"}]",
		CHANGES(CREATE("azurerm_managed_disk.d", "azurerm_managed_disk", "{\"gallery_image_reference_id\":"
		"\"/subscriptions/s-2/resourcegroups/shared/providers/Microsoft.Compute/galleries/G/images/i/versions/1"
		".2.3\"}")),
		"passed untracked azurerm_managed_disk.d", NULL },
	/* Google */
	{ "Google: names, paths and links", "", CHANGES(
		CREATE("google_compute_disk.a", "google_compute_disk", "{\"image\":\"deb-1\"}") ","
		CREATE("google_compute_disk.b", "google_compute_disk", "{\"image\":\"one/deb-1\"}") ","
		CREATE("google_compute_disk.c", "google_compute_disk",
			"{\"image\":\"https://www.googleapis.com/compute/v1/projects/one/global/images/deb-1\"}") ","
		CREATE("google_compute_instance.d", "google_compute_instance",
			"{\"boot_disk\":[{\"initialize_params\":[{\"image\":\"global/images/deb-1\"}]}]}")),
		"failed revoked google_compute_disk.a, failed revoked google_compute_disk.b, failed revoked "
		"google_compute_disk.c, "
		"failed revoked google_compute_instance.d", NULL },
	{ "Google: the same name in another project", "", CHANGES(CREATE("google_compute_disk.a", "google_compute_disk",
		"{\"image\":\"projects/two/global/images/deb-1\"}")), "warning untracked google_compute_disk.a", NULL },
	{ "Google: families", "untracked: block", CHANGES(
		CREATE("google_compute_disk.a", "google_compute_disk", "{\"image\":\"debian-cloud/debian-12\"}") ","
		CREATE("google_compute_instance_template.b", "google_compute_instance_template",
			"{\"disk\":[{\"source_image\":\"projects/debian-cloud/global/images/family/debian-12\"}]}")),
		"failed floating google_compute_disk.a, failed floating google_compute_instance_template.b", NULL },
	{ "Google: allowed by a pattern", "untracked: block, allow: [{glob: \"projects/debian-cloud/*\"}]", CHANGES(
		CREATE("google_compute_disk.a", "google_compute_disk", "{\"image\":\"debian-cloud/debian-12\"}") ","
		CREATE("google_compute_disk.b", "google_compute_disk", "{\"image\":\"other-cloud/debian-12\"}")),
		"failed floating google_compute_disk.b, passed floating google_compute_disk.a", NULL },
	{ "Google: a disk that exists", "", CHANGES(CHANGE("google_compute_instance.a", "google_compute_instance",
	"\"create\"",
		"{\"boot_disk\":[{\"source\":\"my-disk\"}]}",
		",\"after_unknown\":{\"boot_disk\":[{\"initialize_params\":true}]}")), "", NULL },
	/* vSphere and OpenStack */
	{ "vSphere: a template's name, its alias, and none", "untracked: block", CHANGES(
		CREATE("vsphere_virtual_machine.a", "vsphere_virtual_machine",
			"{\"clone\":[{\"template_uuid\":\"42150000-0000-0000-0000-00000000000A\"}]}") ","
		CREATE("vsphere_virtual_machine.b", "vsphere_virtual_machine",
			"{\"clone\":[{\"template_uuid\":\"4215A5DE-0000-1111-2222-333344445555\"}]}") ","
		CREATE("vsphere_virtual_machine.c", "vsphere_virtual_machine",
			"{\"clone\":[{\"template_uuid\":\"42150000-0000-0000-0000-00000000000c\"}]}")) ","
		PRIOR(DATA("data.vsphere_virtual_machine.t", "vsphere_virtual_machine",
			"\"id\":\"42150000-0000-0000-0000-00000000000a\",\"name\":\"/DC/vm/tpl-1\"")),
		"failed revoked vsphere_virtual_machine.a, unknown unknown vsphere_virtual_machine.c, passed ok "
		"vsphere_virtual_machine.b",
		"the template is tpl-1" },
	{ "OpenStack: the name of an image that is known by id", "untracked: block",
	CHANGES(CREATE("openstack_compute_instance_v2.a",
		"openstack_compute_instance_v2",
		"{\"image_id\":\"4215a5de-0000-1111-2222-333344445555\",\"image_name\":\"some\","
		"\"block_device\":[{\"uuid\":\"x\",\"source_type\":\"volume\"}]}")),
		"passed ok openstack_compute_instance_v2.a", NULL },
	/* More places */
	{ "a type of the configuration", "types: {my_machine: [\"disks[].image.id\"]}",
		CHANGES(CREATE("my_machine.a", "my_machine",
		"{\"disks\":[{\"image\":{\"id\":\"" OLD "\"}}]}")), "failed revoked my_machine.a", NULL },
	{ "an id at no place, from no data source", "untracked: block", CHANGES(CREATE("my_machine.a", "my_machine",
		"{\"x\":\"" OLD "\"}")), "", NULL },
	{ "a sensitive id", "", CHANGES(CHANGE("aws_instance.a", "aws_instance", "\"create\"", "{\"ami\":\"" OLD "\"}",
		",\"after_sensitive\":{\"ami\":true}")), "failed revoked aws_instance.a",
		"create: (sensitive) is ubuntu v9" },
	/* Data sources */
	{ "a data source, by value, in any type", "", CHANGES(CREATE("my_machine.a", "my_machine",
		"{\"deep\":[{\"x\":[\"" OLD "\"]}]}") "," INSTANCE("aws_instance.b", "\"create\"", OLD)) ","
		PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OLD,
		",\"version_fingerprint\":\"F9\",\"channel_name\":\"production\"")),
		"failed revoked my_machine.a, failed revoked aws_instance.b",
		"channel production now points to v10 (data source data.hcp_packer_artifact.u)" },
	{ "older data sources", "", CHANGES(CREATE("my_machine.a", "my_machine", "{\"x\":\"" OLD "\"}")) ","
		PRIOR(DATA("data.hcp_packer_image.u", "hcp_packer_image",
		"\"cloud_image_id\":\"" OLD "\",\"bucket_name\":\"ubuntu\"")),
		"failed revoked my_machine.a", NULL },
	{ "local values and dynamic blocks: by value only", "", CHANGES(CREATE("my_machine.a", "my_machine",
		"{\"x\":\"" OLD "\"}")) "," PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OLD, "")) ","
		CONFIG(USES("my_machine.a", "\"local.image\""), ""), "failed revoked my_machine.a", "(data source " },
	{ "by reference, in a text", "", CHANGES(CREATE("my_machine.a", "my_machine", "{\"x\":\"image=" OLD "\"}")) ","
		PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OLD, "")) "," CONFIG(USES("my_machine.a",
		"\"data.hcp_packer_artifact.u.external_identifier\",\"data.hcp_packer_artifact.u\""), ""),
		"failed revoked my_machine.a", "(reference to data.hcp_packer_artifact.u)" },
	{ "a reference to something else of it", "", CHANGES(CREATE("my_machine.a", "my_machine",
	"{\"x\":\"us-east-1\"}")) ","
		PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OLD, "")) "," CONFIG(USES("my_machine.a",
		"\"data.hcp_packer_artifact.u.region\",\"data.hcp_packer_artifact.u\""), ""), "", NULL },
	{ "through modules, with keys", "", CHANGES(CREATE("module.m[\\\"k\\\"].my_machine.a[\\\"b\\\"]", "my_machine",
	"{\"x\":\"deb-1\"}"))
		"," PRIOR(DATA("module.i.data.hcp_packer_artifact.u[\\\"b\\\"]", "hcp_packer_artifact",
			"\"external_identifier\":\"deb-1\"") ","
		DATA("module.i.data.hcp_packer_artifact.u[\\\"c\\\"]", "hcp_packer_artifact",
		"\"external_identifier\":\"deb-2\"")) ","
		CONFIG("", ",\"module_calls\":{\"i\":{\"module\":{\"outputs\":{\"id\":{\"expression\":{\"references\":["
		"\"data.hcp_packer_artifact.u\"]}}}}},\"m\":{\"expressions\":{\"image\":{\"references\":[\"module.i.i"
		"d\",\"module.i\"]}},"
		"\"module\":{\"resources\":[" USES("my_machine.a", "\"var.image\"") "]}}}"),
		"failed revoked module.m[\"k\"].my_machine.a[\"b\"]",
		"(reference to module.i.data.hcp_packer_artifact.u[\"b\"])" },
	{ "all outputs of a module, in a circle", "", CHANGES(CREATE("my_machine.a", "my_machine",
	"{\"x\":\"deb-1\"}")) ","
		PRIOR(DATA("module.i.data.hcp_packer_artifact.u", "hcp_packer_artifact",
		"\"external_identifier\":\"deb-1\"")) ","
		CONFIG(USES("my_machine.a", "\"module.i\""),
		",\"module_calls\":{\"i\":{\"expressions\":{\"v\":{\"references\":["
		"\"module.i\"]}},\"module\":{\"outputs\":{\"a\":{\"expression\":{\"references\":[\"var.v\"]}},\"b\":{\""
		"expression\":{"
		"\"references\":[\"data.hcp_packer_artifact.u.external_identifier\"]}}}}}}"),
		"failed revoked my_machine.a", "(reference to module.i.data.hcp_packer_artifact.u)" },
	{ "through for_each", "", CHANGES(CREATE("my_machine.a[\\\"b\\\"]", "my_machine", "{\"x\":\"deb-1\"}")) ","
		PRIOR(DATA("data.hcp_packer_artifact.u", "hcp_packer_artifact",
		"\"external_identifier\":\"deb-1\"")) ","
		CONFIG("{\"address\":\"my_machine.a\",\"expressions\":{\"x\":{\"references\":[\"each.value\"]}},\"for_e"
		"ach_expression\":{"
		"\"references\":[\"data.hcp_packer_artifact.u.external_identifier\",\"data.hcp_packer_artifact.u\"]}}",
		""),
		"failed revoked my_machine.a[\"b\"]", NULL },
	{ "read during apply", "untracked: block", CHANGES(CHANGE("aws_instance.a", "aws_instance", "\"create\"", "{}",
		",\"after_unknown\":{\"ami\":true}") "," CHANGE("my_machine.b", "my_machine", "\"create\"", "{}",
		",\"after_unknown\":{\"x\":true}")
		",{\"address\":\"data.hcp_packer_artifact.u\",\"mode\":\"data\",\"type\":"
		"\"hcp_packer_artifact\",\"name\":\"u\",\"change\":{\"actions\":[\"read\"],\"after\":{\"bucket_name\""
		":\"ubuntu\","
		"\"version_fingerprint\":\"F9\"},\"after_unknown\":{\"external_identifier\":true}}}") ","
		CONFIG(USES("aws_instance.a", "\"data.hcp_packer_artifact.u.external_identifier\"") ","
		USES("my_machine.b", "\"data.hcp_packer_artifact.u.external_identifier\""), ""),
		"unknown unknown aws_instance.a, unknown unknown my_machine.b",
		"the data source is read during apply (reference to data.hcp_packer_artifact.u)" },
	{ "the plan's word, where the registry has none", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"",
	OTHER)) ","
		PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OTHER, ",\"revoke_at\":\"2020-01-01T00:00:00Z\"")),
		"failed revoked aws_instance.a", "the plan's word" },
	{ "the registry's word counts, not the plan's", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", NEW)) ","
		PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", NEW, ",\"revoke_at\":\"2020-01-01T00:00:00Z\"")),
		"passed ok aws_instance.a", NULL },
	{ "an unknown id of a version that is known", "", CHANGES(INSTANCE("aws_instance.a", "\"create\"", OTHER)) ","
		PRIOR(ARTIFACT_OF("data.hcp_packer_artifact.u", OTHER, ",\"version_fingerprint\":\"F9\"")),
		"failed revoked aws_instance.a", "is ubuntu v9" },
	{ "the zero time of hcp_packer_version", "untracked: ignore", CHANGES(CREATE("my_machine.a", "my_machine",
		"{\"x\":\"01BX5ZZKBKACTAV9WEVGEMMVRZ\"}")) "," PRIOR(DATA("data.hcp_packer_version.v",
		"hcp_packer_version",
		"\"fingerprint\":\"01BX5ZZKBKACTAV9WEVGEMMVRZ\",\"bucket_name\":\"none\",\"revoke_at\":\"0001-01-01T00:"
		"00:00.000Z\"")),
		"passed untracked my_machine.a", NULL },
	{ "a version by value", "", CHANGES(CREATE("my_machine.a", "my_machine",
	"{\"x\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\"}")) ","
		PRIOR(DATA("data.hcp_packer_version.v", "hcp_packer_version",
		"\"fingerprint\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"bucket_name\":\"zero\"")), "passed ok my_machine.a",
		NULL },
	/* The plan as a whole */
	{ "deferred", "untracked: block", "\"deferred_changes\":[{\"reason\":\"unknown\",\"resource_change\":"
		INSTANCE("aws_instance.a", "\"create\"", OLD) "}]", "unknown unknown aws_instance.a",
		"the change is deferred" },
	{ "not all", "", "\"errored\":true", "warning images", NULL },
	{ "an action that is not known", "", CHANGES(INSTANCE("aws_instance.a", "\"twist\"", OLD)),
	"error images aws_instance.a", NULL },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture f;
		char *got;

		start(&f, images_registry, rows[i].arguments);
		if (f.faults.n > 0)
			fail_msg("%s: %s", rows[i].what, f.faults.list[0].text);
		run_plan(&f, rows[i].plan);
		got = outcomes_text(&f);
		if (strcmp(got, rows[i].expect) != 0)
			fail_msg("%s: %s, not %s", rows[i].what, got, rows[i].expect);
		if (rows[i].reason != NULL && strstr(outcomes_at(f.outcomes, 0)->reason, rows[i].reason) == NULL)
			fail_msg("%s: %s", rows[i].what, outcomes_at(f.outcomes, 0)->reason);
		free(got);
		stop(&f);
	}
}

/* Every place that the hosted run task documents, and those that it should. */
static void test_places(void **state)
{
	static const struct {
		const char *type, *after;	/* @ is the id */
	} table[] = {
		{ "aws_instance", "{\"ami\":\"@\"}" },
		{ "aws_spot_instance_request", "{\"ami\":\"@\"}" },
		{ "aws_launch_template", "{\"image_id\":\"@\"}" },
		{ "aws_launch_configuration", "{\"image_id\":\"@\"}" },
		{ "aws_ami_launch_permission", "{\"image_id\":\"@\"}" },
		{ "aws_emr_cluster", "{\"custom_ami_id\":\"@\"}" },
		{ "aws_batch_compute_environment", "{\"compute_resources\":[{\"image_id\":\"@\"}]}" },
		{ "aws_batch_compute_environment",
			"{\"compute_resources\":[{\"ec2_configuration\":[{\"image_id_override\":\"@\"}]}]}" },
		{ "aws_spot_fleet_request", "{\"launch_specification\":[{\"ami\":\"@\"}]}" },
		{ "aws_ami_copy", "{\"source_ami_id\":\"@\"}" },
		{ "aws_imagebuilder_image_recipe", "{\"parent_image\":\"@\"}" },
		{ "azurerm_linux_virtual_machine", "{\"source_image_id\":\"@\"}" },
		{ "azurerm_windows_virtual_machine", "{\"source_image_id\":\"@\"}" },
		{ "azurerm_linux_virtual_machine_scale_set", "{\"source_image_id\":\"@\"}" },
		{ "azurerm_windows_virtual_machine_scale_set", "{\"source_image_id\":\"@\"}" },
		{ "azurerm_orchestrated_virtual_machine_scale_set", "{\"source_image_id\":\"@\"}" },
		{ "azurerm_virtual_machine_scale_set", "{\"storage_profile_image_reference\":[{\"id\":\"@\"}]}" },
		{ "azurerm_virtual_machine_scale_set", "{\"storage_profile_os_disk\":[{\"image\":\"@\"}]}" },
		{ "azurerm_managed_disk", "{\"gallery_image_reference_id\":\"@\"}" },
		{ "azurerm_managed_disk", "{\"image_reference_id\":\"@\"}" },
		{ "azurerm_virtual_machine", "{\"storage_image_reference\":[{\"id\":\"@\"}]}" },
		{ "azurerm_virtual_machine", "{\"storage_os_disk\":[{\"image_uri\":\"@\"}]}" },
		{ "azurerm_batch_pool", "{\"storage_image_reference\":[{\"id\":\"@\"}]}" },
		{ "google_compute_instance", "{\"boot_disk\":[{\"initialize_params\":[{\"image\":\"@\"}]}]}" },
		{ "google_compute_disk", "{\"image\":\"@\"}" },
		{ "google_compute_region_disk", "{\"image\":\"@\"}" },
		{ "google_compute_image_iam_binding", "{\"image\":\"@\"}" },
		{ "google_compute_image_iam_member", "{\"image\":\"@\"}" },
		{ "google_compute_image_iam_policy", "{\"image\":\"@\"}" },
		{ "google_compute_machine_image_iam_binding", "{\"machine_image\":\"@\"}" },
		{ "google_compute_machine_image_iam_member", "{\"machine_image\":\"@\"}" },
		{ "google_compute_machine_image_iam_policy", "{\"machine_image\":\"@\"}" },
		{ "google_compute_instance_template", "{\"disk\":[{\"source_image\":\"@\"}]}" },
		{ "google_compute_region_instance_template", "{\"disk\":[{\"source_image\":\"@\"}]}" },
		{ "google_compute_instance_from_machine_image", "{\"source_machine_image\":\"@\"}" },
		{ "openstack_compute_instance_v2", "{\"image_id\":\"@\"}" },
		{ "openstack_compute_instance_v2", "{\"image_name\":\"@\"}" },
		{ "openstack_compute_instance_v2", "{\"block_device\":[{\"uuid\":\"@\",\"source_type\":\"image\"}]}" },
		{ "openstack_blockstorage_volume_v3", "{\"image_id\":\"@\"}" },
		{ "digitalocean_droplet", "{\"image\":\"@\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *at = strchr(table[i].after, '@');
		char *plan =
			xasprintf(CHANGES("{\"address\":\"a.b\",\"mode\":\"managed\",\"type\":\"%s\",\"name\":\"n\","
			"\"change\":{\"actions\":[\"create\"],\"after\":%.*s" OLD "%s}}"), table[i].type,
			(int)(at - table[i].after), table[i].after, at + 1), *got;
		struct fixture f;

		start(&f, images_registry, "");
		run_plan(&f, plan);
		got = outcomes_text(&f);
		if (strcmp(got, "failed revoked a.b") != 0)
			fail_msg("%s %s: %s", table[i].type, table[i].after, got);
		free(got);
		free(plan);
		stop(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
