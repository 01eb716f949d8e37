/* A registry of images, and plans over it: what the tests of the check of images share. */
#ifndef PLANSPOOL_TESTS_IMAGES_FIXTURE_H
#define PLANSPOOL_TESTS_IMAGES_FIXTURE_H

#include "test.h"

#include "base/buf.h"
#include "base/mem.h"
#include "checks/checkset.h"

#define RELEASE(name, fingerprint, created, more, artifacts) \
	"{\"name\":\"" name "\",\"fingerprint\":\"" fingerprint "\",\"created_at\":\"" created "\"" more ",\"artifact" \
		"s\":[" artifacts "]}"
#define ARTIFACT(id, platform, region) \
	"{\"external_identifier\":\"" id "\",\"platform\":\"" platform "\",\"region\":\"" region "\"}"
#define ALIASED(id, platform, alias) \
	"{\"external_identifier\":\"" id "\",\"platform\":\"" platform "\",\"aliases\":[\"" alias "\"]}"
#define REVOKED ",\"revoke_at\":\"2020-05-01T10:00:00.123456789Z\",\"revocation_message\":\"CVE|1\"," \
	"\"revocation_author\":\"jane\""
#define NEW "ami-00000000000000010"
#define OLD "ami-00000000000000009"
#define ANCIENT "ami-00000000000000008"
#define OTHER "ami-0ffffffffffffffff"
#define GALLERY "/resourceGroups/RG/providers/Microsoft.Compute/galleries/Gal/images/win"

static const char images_registry[] =
	"{\"format\":\"images/1\",\"buckets\":["
	"{\"name\":\"ubuntu\",\"channels\":{\"production\":\"F10\"},\"versions\":["
	RELEASE("v10", "F10", "2019-06-01T00:00:00Z", "", ARTIFACT(NEW, "aws", "us-east-1")) ","
	RELEASE("v9", "F9", "2019-05-01T00:00:00Z", REVOKED, ARTIFACT(OLD, "AWS", "us-east-1")) ","
	RELEASE("v8", "F8", "2019-04-01T00:00:00Z", "", ARTIFACT(ANCIENT, "aws", "us-east-1") ","
		ARTIFACT("ami-00000000000000088", "aws", "eu-west-1")) ","
	RELEASE("v0", "F0", "2019-07-01T00:00:00Z", ",\"status\":\"incomplete\"",
	ARTIFACT("ami-0000000a", "aws", "us-east-1"))
	"]},"
	"{\"name\":\"later\",\"versions\":["
	RELEASE("v1", "L1", "2019-06-01T00:00:00Z",
	",\"status\":\"revocation_scheduled\",\"revoke_at\":\"2099-05-01T10:00:00+02:00\"",
		ARTIFACT("ami-0000000b", "", "")) ","
	RELEASE("v2", "L2", "2019-05-01T00:00:00Z",
	",\"status\":\"revocation_scheduled\",\"revoke_at\":\"2020-01-01T00:00:00Z\"",
		ARTIFACT("ami-0000000c", "", "")) ","
	RELEASE("v3", "L3", "2019-04-01T00:00:00Z", ",\"status\":\"revoked\"", ARTIFACT("ami-0000000d", "", ""))
	"]},"
	"{\"name\":\"zero\",\"versions\":["
	RELEASE("v1", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "2019-06-01T00:00:00Z",
	",\"revoke_at\":\"0001-01-01T00:00:00.000Z\"",
		ARTIFACT("ami-0000000e", "", "")) "]},"
	"{\"name\":\"copy-a\",\"versions\":[" RELEASE("v1", "CA1", "2019-06-01T00:00:00Z", "",
	ARTIFACT("ami-00000abc", "", "")) "]},"
	"{\"name\":\"copy-b\",\"versions\":[" RELEASE("v1", "CB1", "2019-06-01T00:00:00Z", REVOKED,
	ARTIFACT("ami-00000abc", "", "")) "]},"
	"{\"name\":\"win\",\"versions\":["
	RELEASE("v1", "W1", "2019-06-01T00:00:00Z", REVOKED,
		ALIASED("/subscriptions/S-1/resourceGroups/RG/providers/Microsoft.Compute/images/Win", "azure",
			"*" GALLERY "/versions/1.0.0")) ","
	RELEASE("v2", "W2", "2019-07-01T00:00:00Z", "", ALIASED("/subscriptions/S-1/x/W2", "azure",
	"*" GALLERY "/versions/1.0.1")) "]},"
	"{\"name\":\"deb\",\"versions\":["
	RELEASE("v1", "D1", "2019-06-01T00:00:00Z", REVOKED,
	ALIASED("deb-1", "gce", "projects/one/global/images/deb-1")) ","
	RELEASE("v2", "D2", "2019-07-01T00:00:00Z", "", ARTIFACT("deb-2", "gce", "europe-west1-b")) "]},"
	"{\"name\":\"tpl\",\"versions\":[" RELEASE("v1", "T1", "2019-06-01T00:00:00Z", REVOKED,
	ARTIFACT("tpl-1", "vsphere", "DC")) ","
	RELEASE("v2", "T2", "2019-06-01T00:00:00Z", "",
	ALIASED("tpl-2", "vsphere", "4215a5de-0000-1111-2222-333344445555")) "]}"
	"]}";

struct fixture {
	char *folder, *path;
	struct doc *doc;
	struct config config;
	struct config_endpoint endpoint;
	struct config_check check;
	struct faults faults;
	struct checkset *set;
	struct outcomes *outcomes;
	bool done;
};

static char config_name[] = "planspool.yaml";

static inline void start(struct fixture *f, const char *file, const char *arguments)
{
	char *yaml;

	memset(f, 0, sizeof(*f));
	f->folder = test_folder();
	f->path = test_file(f->folder, "images.json", file, strlen(file), 0644);
	yaml = xasprintf("{registry: \"%s\"%s%s}", f->path, *arguments != '\0' ? ", " : "", arguments);
	f->doc = doc_parse(config_name, yaml, strlen(yaml), &f->faults);
	free(yaml);
	assert_non_null(f->doc);
	f->check = (struct config_check){ .kind = (char[]){ "images" }, .arguments = f->doc->roots[0], .line = 1 };
	f->config.file = config_name;
	f->endpoint.checks = &f->check;
	f->endpoint.check_count = 1;
	f->set = checkset_load(&f->config, &f->endpoint, 0, &f->faults);
	f->outcomes = outcomes_new(SEVERITY_LOW, true);
}

static inline void stop(struct fixture *f)
{
	outcomes_free(f->outcomes);
	checkset_free(f->set);
	faults_free(&f->faults);
	doc_free(f->doc);
	free(f->path);
	test_remove(f->folder);
}

static inline void note_done(void *context)
{
	((struct fixture *)context)->done = true;
}

static inline void run_plan(struct fixture *f, const char *members)
{
	struct checkset_run *run = checkset_start(f->set, STAGE_POST_PLAN, 1 << 20, 1 << 26, f->outcomes, note_done, f);
	char *plan = xasprintf("{\"format_version\":\"1.2\",%s%s\"planned_values\":{}}", members,
		*members != '\0' ? "," : "");

	assert_int_equal(checkset_feed(run, plan, strlen(plan)), 0);
	checkset_end(run);
	assert_null(checkset_plan_error(run));
	assert_true(f->done);
	checkset_stop(run);
	free(plan);
}

/* "status class address" of each, joined by ", "; the id in place of the class if it is not about an image. */
static inline char *outcomes_text(struct fixture *f)
{
	struct buf got = BUF_INIT(1 << 20);
	char *text;

	for (size_t i = 0; i < outcomes_kept(f->outcomes); i++) {
		const struct outcome *one = outcomes_at(f->outcomes, i);

		buf_printf(&got, "%s%s %s%s%s", i > 0 ? ", " : "", outcome_status_name(one->status),
			one->tags[0].label != NULL ? one->tags[0].label : one->id, one->address != NULL ? " " : "",
			one->address != NULL ? one->address : "");
		/* The class stands in the description, too. */
		if (one->tags[0].label != NULL)
			assert_non_null(strstr(one->description, one->tags[0].label));
	}
	text = xstrdup(buf_text(&got));
	buf_free(&got);
	return text;
}

#define CHANGE(address, type, actions, after, more) \
	"{\"address\":\"" address "\",\"mode\":\"managed\",\"type\":\"" type "\",\"name\":\"n\",\"change\":{\"action" \
		"s\":[" actions \
	"],\"after\":" after more "}}"
#define CREATE(address, type, after) CHANGE(address, type, "\"create\"", after, ",\"before\":null")
#define INSTANCE(address, actions, ami) CHANGE(address, "aws_instance", actions, "{\"ami\":\"" ami "\"}", "")
#define CHANGES(list) "\"resource_changes\":[" list "]"
#define PRIOR(list) "\"prior_state\":{\"values\":{\"root_module\":{\"resources\":[" list "]}}}"
#define DATA(address, type, values) \
	"{\"address\":\"" address "\",\"mode\":\"data\",\"type\":\"" type "\",\"values\":{" values "}}"
#define ARTIFACT_OF(address, id, more) \
	DATA(address, "hcp_packer_artifact", "\"external_identifier\":\"" id "\",\"bucket_name\":\"ubuntu\"" more)
#define CONFIG(resources, more) "\"configuration\":{\"root_module\":{\"resources\":[" resources "]" more "}}"
#define USES(address, reference) \
	"{\"address\":\"" address "\",\"mode\":\"managed\",\"expressions\":{\"x\":{\"references\":[" reference "]}}}"

#endif
