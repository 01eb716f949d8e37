/* planspool show: one job as a story: what was asked, what happened since, what was found, what was answered. All of
 * it from the files in the job's folder, which hold no secrets but sealed ones; nothing is unsealed here.
 *
 * The log is shown as it is written, one event a line: "time" and "event" come first, whatever else a line holds
 * follows as key=value, so that a newer spooler's events can be read too. A last line without its end was torn by a
 * crash; it and other lines that are no JSON are left out.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "checks/markdown.h"
#include "cli/cli.h"
#include "cli/job.h"
#include "cli/print.h"

#define FILE_MAX (256u << 20)	/* of log.jsonl and of outcomes.jsonl, each */
#define LABEL_WIDTH 12

/* The lines of a file as an array of JSON values; empty if there is none. */
static json_t *read_lines(struct spool *spool, const struct job *job, enum spool_file file)
{
	struct buf text = BUF_INIT(FILE_MAX);
	json_t *list = json_new_array();
	char why[JSON_WHY];
	const char *p, *end;

	if (spool_read(spool, job->state, job->id, file, &text) != 0 && text.len == 0) {
		if (errno != ENOENT)
			cli_trouble("%s: a file of the job cannot be read: %s", job->id, strerror(errno));
		goto out;
	}
	for (p = buf_text(&text); (end = strchr(p, '\n')) != NULL; p = end + 1) {
		json_t *one;

		if (json_parse(p, (size_t)(end - p), &one, why) == 0 && json_is_object(one))
			json_add(list, one);
	}
out:
	buf_free(&text);
	return list;
}

static void print_json(struct spool *spool, const struct job *job)
{
	json_t *top = json_new_object();
	char received[TEXT_TIME_SIZE], *text;

	json_put_string(top, "id", job->id);
	json_put_string(top, "state", spool_state_name(job->state));
	if (job->readable) {
		text_time(job->envelope.received_ms, received);
		json_put_string(top, "endpoint", job->envelope.endpoint);
		json_put_string(top, "received_at", received);
		json_put(top, "request", json_copy(job->envelope.request.payload));
	} else {
		json_put_string(top, "unreadable", job->why);
	}
	json_put(top, "log", read_lines(spool, job, SPOOL_LOG));
	json_put(top, "outcomes", read_lines(spool, job, SPOOL_OUTCOMES));
	if (job->result != NULL)
		json_put(top, "result", json_copy(job->result));
	text = json_text(top);
	puts(text);
	free(text);
	json_free(top);
}

static void label(const char *s)
{
	printf("  %-*s", LABEL_WIDTH, s);
}

/* "Label       a b", what there is of a and b; no line if there is nothing. */
static void line(const char *name, const char *a, const char *b)
{
	if (a == NULL && b == NULL)
		return;
	label(name);
	print_text(a);
	if (a != NULL && b != NULL)
		putchar(' ');
	print_text(b);
	putchar('\n');
}

static void print_request(const struct job *job)
{
	char received[TEXT_TIME_SIZE], age[PRINT_AGE_SIZE];
	const char *organization = job_text(job, "organization_name"), *workspace = job_text(job, "workspace_name");
	const char *message = job_text(job, "run_message"), *by = job_text(job, "run_created_by");
	char *place, *what;

	if (!job->readable) {
		line("Request", "cannot be read:", job->why);
		return;
	}
	place = xasprintf("%s/%s", organization != NULL ? organization : "-", workspace != NULL ? workspace : "-");
	what = xasprintf("%s%s%s%s", by != NULL ? "by " : "", by != NULL ? by : "", message != NULL ? ": " : "",
		message != NULL ? message : "");
	text_time(job->envelope.received_ms, received);
	print_age(clock_wall() - job->envelope.received_ms, age);
	label("Received");
	printf("%s (%s ago), endpoint %s\n", received, age, job->envelope.endpoint);
	line("Stage", stage_name(job->envelope.request.stage), job_text(job, "task_result_enforcement_level"));
	line("Workspace", place, NULL);
	line("Run", job_text(job, "run_id"), *what != '\0' ? what : NULL);
	line("Page", job_text(job, "run_app_url"), NULL);
	line("Commit", job_text(job, "vcs_branch"), job_text(job, "vcs_commit_url"));
	line("Callback", job->envelope.request.callback_url, NULL);
	free(place);
	free(what);
}

static bool print_detail(void *context, const char *key, json_t *value)
{
	const char *s = json_string(value);
	char *text;

	(void)context;
	if (strcmp(key, "time") == 0 || strcmp(key, "event") == 0)
		return true;
	putchar(' ');
	print_text(key);
	putchar('=');
	if (s != NULL && strpbrk(s, " \"=") == NULL && *s != '\0') {
		print_text(s);
	} else {
		text = json_text(value);
		print_text(text);
		free(text);
	}
	return true;
}

static void print_log(struct spool *spool, const struct job *job)
{
	json_t *log = read_lines(spool, job, SPOOL_LOG);

	if (json_count(log) > 0)
		puts("\nLog");
	for (size_t i = 0; i < json_count(log); i++) {
		const json_t *event = json_at(log, i);
		const char *time = json_get_string(event, "time"), *name = json_get_string(event, "event");
		int64_t ms;

		fputs("  ", stdout);
		print_text(time != NULL ? time : "-");
		if (job->readable && time != NULL && text_time_parse(time, &ms) == 0)
			printf(" %+10.3fs", (double)(ms - job->envelope.received_ms) / 1000);
		fputs("  ", stdout);
		print_text(name != NULL ? name : "-");
		json_each(event, print_detail, NULL);
		putchar('\n');
	}
	json_free(log);
}

/* The status that a name in outcomes.jsonl stands for. */
static enum outcome_status status_of(const char *name)
{
	for (enum outcome_status s = 0; s < OUTCOME_STATUSES; s++)
		if (name != NULL && strcmp(outcome_status_name(s), name) == 0)
			return s;
	return OUTCOME_UNKNOWN;
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	const char *x = json_get_string(a, key), *y = json_get_string(b, key);

	return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

/* Hits of one policy stand together under its line: addresses, each with the first line of its body, which is the
 * reason; the rest of the body says what to do, which is the same for all. */
static void print_outcome(const json_t *one, const json_t *before, const json_t *after, size_t severity_width,
	size_t id_width)
{
	const char *id = json_get_string(one, "id"), *severity = json_get_string(one, "severity");
	const char *address = json_get_string(one, "address"), *body = json_get_string(one, "body");
	size_t first = body != NULL ? strcspn(body, "\n") : 0;
	char *line = xstrndup(body != NULL ? body : "", first);
	struct buf reason = BUF_INIT(first);	/* the line is markdown, which never makes a text shorter */

	if (markdown_plain(&reason, line) != 0)
		cli_trouble("out of memory");
	if (!same(one, before, "id") || !same(one, before, "status")) {
		fputs("  ", stdout);
		print_outcome_head(status_of(json_get_string(one, "status")),
			severity != NULL ? severity_parse(severity) : SEVERITY_NONE_GIVEN, severity_width,
			id != NULL ? id : "-", id_width, json_get_string(one, "description"));
	}
	if (address != NULL || first > 0) {
		fputs("      ", stdout);
		print_text(address);
		fputs(address != NULL && first > 0 ? "  " : "", stdout);
		print_text(buf_text(&reason));
		putchar('\n');
	}
	if (!same(one, after, "id") || !same(one, after, "status")) {
		if (body != NULL)
			print_lines(body + first + strspn(body + first, "\n"), 6);
		print_lines(json_get_string(one, "url"), 6);
	}
	buf_free(&reason);
	free(line);
}

static void print_outcomes(struct spool *spool, const struct job *job)
{
	json_t *list = read_lines(spool, job, SPOOL_OUTCOMES);
	size_t severity_width = 0, id_width = 0, n = json_count(list);

	if (n > 0)
		puts("\nOutcomes");
	for (size_t i = 0; i < n; i++) {
		const char *severity = json_get_string(json_at(list, i), "severity");
		size_t id = print_width(json_get_string(json_at(list, i), "id"));

		if (severity != NULL && strlen(severity_name(severity_parse(severity))) > severity_width)
			severity_width = strlen(severity_name(severity_parse(severity)));
		if (id > id_width && id <= 32)
			id_width = id;
	}
	for (size_t i = 0; i < n; i++)
		print_outcome(json_at(list, i), i > 0 ? json_at(list, i - 1) : NULL,
			i + 1 < n ? json_at(list, i + 1) : NULL, severity_width, id_width);
	json_free(list);
}

static void print_story(struct spool *spool, const struct job *job)
{
	const json_t *attributes = json_get(json_get(job->result, "data"), "attributes");

	print_colour(PRINT_BOLD);
	print_text(job->id);
	print_colour(PRINT_PLAIN);
	printf("  %s%s", spool_state_name(job->state), job_verdict(job) != NULL ? ", " : "");
	print_text(job_verdict(job));
	puts("\n");
	print_request(job);
	print_log(spool, job);
	print_outcomes(spool, job);
	if (job->result != NULL) {
		puts("\nAnswer");
		line("Status", json_get_string(attributes, "status"), NULL);
		line("Details", json_get_string(attributes, "url"), NULL);
		print_lines(json_get_string(attributes, "message"), 2);
	}
}

static int run(const char *config_file, const char *id, enum cli_format format)
{
	struct config *config = cli_config(config_file);
	struct spool *spool = config != NULL ? cli_spool(config) : NULL;
	struct job job;
	int status = CLI_TROUBLE;

	if (spool == NULL)
		goto out;
	if (job_find(spool, id, &job) != 0)
		goto out;
	if (format == CLI_JSON)
		print_json(spool, &job);
	else
		print_story(spool, &job);
	job_free(&job);
	status = cli_flush(CLI_OK);
out:
	if (spool != NULL)
		spool_close(spool);
	config_free(config);
	return status;
}

static int show(const struct cli_command *self, int argc, char **argv)
{
	enum { CONFIG = 'c', FORMAT = 256 };
	static const struct option known[] = {
		{ "config", 1, 0, CONFIG }, { "format", 1, 0, FORMAT }, CLI_OPTIONS, { 0, 0, 0, 0 },
	};
	const char *config = NULL;
	enum cli_format format = CLI_TEXT;
	int c, status;

	while ((c = getopt_long(argc, argv, ":c:hV", known, NULL)) != -1) {
		switch (c) {
		case CONFIG:
			config = optarg;
			break;
		case FORMAT:
			if (!cli_format(self, optarg, CLI_JSON + 1, &format))
				return CLI_TROUBLE;
			break;
		default:
			status = cli_option(self, c, argv);
			if (status != CLI_GO_ON)
				return status;
		}
	}
	if (argc - optind != 1)
		return cli_usage_error(self, "give the id of one job; 'planspool list' shows them");
	if (!spool_id_valid(argv[optind]))
		return cli_usage_error(self, "'%s' is no id of a job: ENDPOINT.TASK_RESULT_ID", argv[optind]);
	return run(config, argv[optind], format);
}

const struct cli_command command_show = {
	.name = "show",
	.synopsis = "[-c FILE] ID [--format text|json]",
	.purpose = "Show all there is about one job: request, log, outcomes, answer.",
	.help =
		"  -c, --config FILE   the configuration that names the spool\n"
		"  --format FORMAT     text (default) or json\n",
	.run = show,
};
