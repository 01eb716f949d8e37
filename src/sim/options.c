/* The command line of the simulator: one table row an option, from which reading and --help are made. Arguments
 * follow their option ("--plan FILE") or an equals sign ("--plan=FILE"). An option that is repeated counts as
 * given last; --answer counts once for each kind of request. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "sim/options.h"

enum kind { FLAG, TEXT, DURATION, NUMBER, REDIRECT, ANSWER };

struct row {
	const char *name;
	enum kind kind;
	size_t field;
	const char *argument, *help;
};

#define AT(member) offsetof(struct options, member)
static const struct row rows[] = {
	{ "endpoint", TEXT, AT(endpoint), "URL", "the run task's URL (needed)" },
	{ "hmac-key", TEXT, AT(hmac_key), "FILE", "signs the request; without, the signature is empty" },
	{ "plan", TEXT, AT(plan), "FILE", "plan JSON to serve (needed, except at pre_plan)" },
	{ "config-dir", TEXT, AT(config_dir), "DIR", "folder to serve as the configuration version, packed by tar" },
	{ "stage", TEXT, AT(stage), "STAGE", "pre_plan, post_plan (default), pre_apply, post_apply" },
	{ "ca-file", TEXT, AT(ca_file), "FILE", "authorities that the endpoint's certificate is checked against" },
	{ "listen", TEXT, AT(listen), "ADDR[:PORT]", "where the API is served (127.0.0.1, any port)" },
	{ "storage-listen", TEXT, AT(storage_listen), "ADDR[:PORT]", "where plans are served (127.0.0.1, any port)" },
	{ "api-url-host", TEXT, AT(url_host), "NAME", "host in the URLs sent out, instead of the address" },
	{ "tls-cert", TEXT, AT(tls_cert), "FILE", "serve both with TLS: certificate, PEM" },
	{ "tls-key", TEXT, AT(tls_key), "FILE", "and its key, PEM" },
	{ "organization", TEXT, AT(organization), "NAME", "default acme" },
	{ "workspace", TEXT, AT(workspace), "NAME", "default my-workspace" },
	{ "enforcement", TEXT, AT(enforcement), "LEVEL", "mandatory (default) or advisory" },
	{ "task-result-id", TEXT, AT(task_result_id), "ID", "instead of a random one; with --count -2, -3... follow" },
	{ "count", NUMBER, AT(count), "N", "that many runs at once; the exit status is the worst one's" },
	{ "parallel", NUMBER, AT(parallel), "N", "that many requests of them under way at once (100)" },
	{ "timeout", DURATION, AT(timeout_ms), "TIME", "how long all final answers may take (60s)" },
	{ "linger", DURATION, AT(linger_ms), "TIME", "serve on after the end, to see what else comes (0s)" },
	{ "answer", ANSWER, AT(mood), "KIND=ANSWERS", "answers other than the usual ones, see below" },
	{ "redirect", REDIRECT, AT(redirect), "other|same|none", "plan and configuration: at another origin (default),\n"
		"the same, or in the answer itself" },
	{ "plan-not-ready", NUMBER, AT(plan_not_ready), "N", "the plan is asked for N times in vain (204) first" },
	{ "slow", DURATION, AT(slow_ms), "TIME", "every answer takes so long" },
	{ "rate-limit", NUMBER, AT(rate_limit), "N", "API requests a second; what is above is answered 429" },
	{ "duplicate", NUMBER, AT(duplicate), "N", "send the request N more times at once" },
	{ "duplicate-later", FLAG, AT(duplicate_later), NULL, "and once more after the final answer (--linger is 1s then)" },
	{ "verification", FLAG, AT(verification), NULL, "send the request that verifies a new run task, and end" },
	{ "no-token", FLAG, AT(no_token), NULL, "send no access_token, take any or none" },
	{ "relative-plan-url", FLAG, AT(relative_plan_url), NULL, "plan_json_api_url without scheme and host" },
	{ "verbose", FLAG, AT(verbose), NULL, "show the outcomes' bodies, too" },
	{ "json", FLAG, AT(json), NULL, "print one JSON object a run; progress goes to standard error" },
	{ "help", FLAG, AT(help), NULL, "print this" },
	{ "version", FLAG, AT(version), NULL, "print the version" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

void options_help(void)
{
	char left[64];
	size_t i;

	puts("Usage: planspool-sim --endpoint URL --hmac-key FILE --plan FILE [OPTION]...\n\n"
		"Stands in for HCP Terraform: sends a run task request, serves the plan, takes the\n"
		"callbacks, checks them, and shows them as a run page and the terraform CLI would.\n");
	for (i = 0; i < ROWS; i++) {
		const char *help = rows[i].help;
		int n;

		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument != NULL ? " " : "",
			rows[i].argument != NULL ? rows[i].argument : "");
		printf("  %-29s", left);
		for (n = (int)strcspn(help, "\n"); help[n] == '\n'; n = (int)strcspn(help, "\n")) {
			printf(" %.*s\n  %-29s", n, help, "");
			help += n + 1;
		}
		printf(" %s\n", help);
	}
	printf("\n%s\n", mood_help);
	puts("\nExit status: 0 passed (or verified), 1 failed, 2 no answer, or the protocol was broken.");
}

static const struct row *find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}

static int read_redirect(const char *value, enum redirect *out)
{
	static const char *const names[] = { "other", "same", "none" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		*out = (enum redirect)i;
		return 0;
	}
	return -1;
}

static int store(struct options *o, const struct row *r, const char *value)
{
	void *field = (char *)o + r->field;
	const char *expected = r->argument;
	char why[MOOD_WHY];
	int ok = 0;

	switch (r->kind) {
	case FLAG:
		*(bool *)field = true;
		break;
	case TEXT:
		*(const char **)field = value;
		break;
	case DURATION:
		ok = text_duration(value, field);
		expected = "time such as 60s";
		break;
	case NUMBER:
		ok = text_integer(value, 1, 100000, field);
		expected = "number from 1 to 100000";
		break;
	case REDIRECT:
		ok = read_redirect(value, field);
		break;
	case ANSWER:
		if (mood_set(field, value, why) == 0)
			return 0;
		log_error(NULL, "--%s: %s; --help explains", r->name, why);
		return -1;
	}
	if (ok != 0)
		log_error(NULL, "--%s: %s is no %s", r->name, value, expected);
	return ok;
}

static int check(const struct options *o)
{
	static const char *const stages[] = { "pre_plan", "post_plan", "pre_apply", "post_apply", NULL };
	size_t i;

	if (o->help || o->version)
		return 0;
	for (i = 0; stages[i] != NULL && strcmp(stages[i], o->stage) != 0; i++)
		;
	if (stages[i] == NULL)
		log_error(NULL, "--stage: there is no stage %s", o->stage);
	else if (o->endpoint == NULL)
		log_error(NULL, "--endpoint is missing; --help shows all options");
	else if (o->plan == NULL && !o->verification && i > 0)
		log_error(NULL, "--plan is missing; --help shows all options");
	else if ((o->tls_cert == NULL) != (o->tls_key == NULL))
		log_error(NULL, "--tls-cert and --tls-key go together");
	else
		return 0;
	return -1;
}

int options_read(struct options *o, int argc, char **argv)
{
	const struct row *r;
	const char *value;
	size_t len;
	int i;

	*o = (struct options){ .stage = "post_plan", .listen = "127.0.0.1", .storage_listen = "127.0.0.1",
		.organization = "acme", .workspace = "my-workspace", .enforcement = "mandatory", .timeout_ms = 60000,
		.linger_ms = -1, .count = 1, .parallel = 100 };
	for (i = 1; i < argc; i++) {
		len = strcspn(argv[i], "=");
		r = strncmp(argv[i], "--", 2) == 0 ? find(argv[i] + 2, len - 2) : NULL;
		if (r == NULL) {
			log_error(NULL, "%s is no option; --help shows all", argv[i]);
			return -1;
		}
		value = argv[i][len] == '=' ? argv[i] + len + 1 : NULL;
		if (r->kind == FLAG && value != NULL) {
			log_error(NULL, "--%s takes no argument", r->name);
			return -1;
		}
		if (r->kind != FLAG && value == NULL) {
			if (++i == argc) {
				log_error(NULL, "--%s needs an argument: %s", r->name, r->argument);
				return -1;
			}
			value = argv[i];
		}
		if (store(o, r, value != NULL ? value : "") != 0)
			return -1;
	}
	if (o->linger_ms < 0)
		o->linger_ms = o->duplicate_later ? 1000 : 0;
	return check(o);
}

void options_free(struct options *o)
{
	mood_free(&o->mood);
}
