/* planspool list: the jobs in the spool, oldest first, so that what happened last stands above the prompt.
 *
 * A job that moves while the list is made may be missing from it or, seen in two states, twice; the list is a look,
 * not a lock. What lies in corrupt/ has a name and an age, nothing else.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/job.h"
#include "cli/print.h"

enum column { ID, STATE, AGE, STAGE, VERDICT, WORKSPACE, COLUMNS };
static const char *const titles[COLUMNS] = { "ID", "STATE", "AGE", "STAGE", "VERDICT", "WORKSPACE" };

struct row {
	int64_t received_ms;
	enum spool_state state;
	char *id;
	const char *stage;		/* static; NULL if unknown, like those below */
	char *verdict, *organization, *workspace;
};

struct list {
	struct spool *spool;
	enum spool_state state;
	struct row *rows;
	size_t n;
};

static struct row *add(struct list *l, const char *id, int64_t received_ms)
{
	struct row *row;

	l->rows = xreallocarray(l->rows, l->n + 1, sizeof(*l->rows));
	row = &l->rows[l->n++];
	memset(row, 0, sizeof(*row));
	row->id = xstrdup(id);
	row->state = l->state;
	row->received_ms = received_ms;
	return row;
}

static char *copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

static bool visit(void *context, const struct spool_entry *entry)
{
	struct list *l = context;
	struct row *row;
	struct job job;

	if (l->state == SPOOL_CORRUPT || job_read(l->spool, l->state, entry->id, &job) != 0) {
		if (l->state == SPOOL_CORRUPT || errno != ENOENT)
			add(l, entry->id, entry->mtime_ms);
		return true;
	}
	row = add(l, entry->id, job.readable ? job.envelope.received_ms : entry->mtime_ms);
	if (job.readable)
		row->stage = stage_name(job.envelope.request.stage);
	row->verdict = copy(job_verdict(&job));
	row->organization = copy(job_text(&job, "organization_name"));
	row->workspace = copy(job_text(&job, "workspace_name"));
	job_free(&job);
	return true;
}

static void foreign(void *context, const char *name)
{
	add(context, name, -1);
}

static int by_age(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->received_ms != b->received_ms)
		return a->received_ms < b->received_ms ? -1 : 1;
	return strcmp(a->id, b->id);
}

static int collect(struct list *l, bool all, enum spool_state only)
{
	for (enum spool_state s = 0; s < SPOOL_STATES; s++) {
		if (!all && s != only)
			continue;
		l->state = s;
		if (spool_scan(l->spool, s, visit, foreign, l) != 0)
			return cli_trouble("cannot read %s/ of the spool: %s%s", spool_state_name(s), strerror(errno),
				errno == EACCES ? "; run this as the spooler's user" : "");
	}
	if (l->n > 0)
		qsort(l->rows, l->n, sizeof(*l->rows), by_age);
	return CLI_GO_ON;
}

static void print_json(const struct list *l)
{
	json_t *top = json_new_object(), *jobs = json_new_array();
	char *text;

	for (size_t i = 0; i < l->n; i++) {
		const struct row *row = &l->rows[i];
		json_t *job = json_new_object();
		char received[TEXT_TIME_SIZE];

		json_put_string(job, "id", row->id);
		json_put_string(job, "state", spool_state_name(row->state));
		if (row->received_ms >= 0) {
			text_time(row->received_ms, received);
			json_put_string(job, "received_at", received);
		}
		json_put_string(job, "stage", row->stage);
		json_put_string(job, "verdict", row->verdict);
		json_put_string(job, "organization", row->organization);
		json_put_string(job, "workspace", row->workspace);
		json_add(jobs, job);
	}
	json_put(top, "jobs", jobs);
	text = json_text(top);
	puts(text);
	free(text);
	json_free(top);
}

/* The cells of a row; each allocated. */
static void cells_of(const struct row *row, int64_t now, char *cells[COLUMNS])
{
	char age[PRINT_AGE_SIZE] = "-";

	if (row->received_ms >= 0)
		print_age(now - row->received_ms, age);
	cells[ID] = xstrdup(row->id);
	cells[STATE] = xstrdup(spool_state_name(row->state));
	cells[AGE] = xstrdup(age);
	cells[STAGE] = xstrdup(row->stage != NULL ? row->stage : "-");
	cells[VERDICT] = xstrdup(row->verdict != NULL ? row->verdict : "-");
	if (row->organization != NULL || row->workspace != NULL)
		cells[WORKSPACE] = xasprintf("%s/%s", row->organization != NULL ? row->organization : "-",
			row->workspace != NULL ? row->workspace : "-");
	else
		cells[WORKSPACE] = xstrdup("-");
}

static void print_row(const char *const cells[COLUMNS], const size_t widths[COLUMNS], bool title)
{
	print_colour(title ? PRINT_BOLD : PRINT_PLAIN);
	for (enum column c = 0; c < COLUMNS; c++) {
		if (c == COLUMNS - 1)
			print_text(cells[c]);
		else
			print_padded(cells[c], widths[c] + 2);
	}
	print_colour(PRINT_PLAIN);
	putchar('\n');
}

static void print_table(const struct list *l)
{
	char *(*table)[COLUMNS] = xcalloc(l->n + 1, sizeof(*table));
	size_t widths[COLUMNS];
	int64_t now = clock_wall();

	for (enum column c = 0; c < COLUMNS; c++)
		widths[c] = strlen(titles[c]);
	for (size_t i = 0; i < l->n; i++) {
		cells_of(&l->rows[i], now, table[i]);
		for (enum column c = 0; c < COLUMNS; c++)
			if (print_width(table[i][c]) > widths[c])
				widths[c] = print_width(table[i][c]);
	}
	if (l->n > 0)
		print_row(titles, widths, true);
	for (size_t i = 0; i < l->n; i++) {
		print_row((const char *const *)table[i], widths, false);
		for (enum column c = 0; c < COLUMNS; c++)
			free(table[i][c]);
	}
	free(table);
}

static int run(const char *config_file, bool all, enum spool_state only, enum cli_format format)
{
	struct config *config = cli_config(config_file);
	struct list l = { .spool = config != NULL ? cli_spool(config) : NULL };
	int status = CLI_TROUBLE;

	if (l.spool != NULL)
		status = collect(&l, all, only);
	if (status == CLI_GO_ON) {
		if (format == CLI_JSON)
			print_json(&l);
		else
			print_table(&l);
		status = cli_flush(CLI_OK);
	}
	for (size_t i = 0; i < l.n; i++) {
		free(l.rows[i].id);
		free(l.rows[i].verdict);
		free(l.rows[i].organization);
		free(l.rows[i].workspace);
	}
	free(l.rows);
	if (l.spool != NULL)
		spool_close(l.spool);
	config_free(config);
	return status;
}

static int list(const struct cli_command *self, int argc, char **argv)
{
	enum { CONFIG = 'c', ONLY = 256, FORMAT };
	static const struct option known[] = {
		{ "config", 1, 0, CONFIG }, { "state", 1, 0, ONLY }, { "format", 1, 0, FORMAT }, CLI_OPTIONS,
		{ 0, 0, 0, 0 },
	};
	const char *config = NULL;
	enum spool_state only = SPOOL_NEW;
	enum cli_format format = CLI_TEXT;
	bool all = true;
	int c, status;

	while ((c = getopt_long(argc, argv, ":c:hV", known, NULL)) != -1) {
		switch (c) {
		case CONFIG:
			config = optarg;
			break;
		case ONLY:
			if (spool_state_parse(optarg, &only) != 0)
				return cli_usage_error(self,
					"--state %s: must be new, active, done, undelivered or corrupt", optarg);
			all = false;
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
	if (optind != argc)
		return cli_usage_error(self, "takes no arguments: %s", argv[optind]);
	return run(config, all, only, format);
}

const struct cli_command command_list = {
	.name = "list",
	.synopsis = "[-c FILE] [--state STATE] [--format text|json]",
	.purpose = "List the jobs in the spool, oldest first.",
	.help =
		"  -c, --config FILE   the configuration that names the spool\n"
		"  --state STATE       only new, active, done, undelivered or corrupt\n"
		"  --format FORMAT     text (default) or json\n",
	.run = list,
};
