/* Writes a plan for measurements to standard output, as terraform show -json would: sections, members and their order,
 * one line without spaces.
 *
 *	plan_gen [--size BYTES[k|M|G]] [--resources N] [--seed N]
 *
 * --size alone makes as many resources as it takes; with --resources the scripts that some types carry are made longer
 * or left out until the size is reached. Both are met to about one in a hundred. Default: 1000 resources.
 *
 * A resource follows from the seed and its number alone, so that each section can be written without a memory of the
 * others: memory stays constant at any size. Ten resources share a block of configuration (count); two of five blocks
 * are in module calls. About half of the resources exist and stay, the rest is created, updated, replaced or deleted.
 * Created ones have attributes that are unknown, databases a sensitive one, buckets and others nested blocks. A few
 * resources in a hundred break each of the rules that tests/bench/rules.txt makes. */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_types.h"

#define COUNT 10		/* resources of a block */
#define MODULE_BLOCKS 5		/* blocks of a module call */
#define PROVIDER "\"provider_name\":\"registry.terraform.io/hashicorp/aws\""

#define TYPES (sizeof(types) / sizeof(types[0]))

/* $T */
#define TAG_VALUES "{\"CostCenter\":\"CC-$c\",\"Environment\":\"$e\",\"ManagedBy\":\"terraform\"," \
	"\"Name\":\"acme-$e-$i\",$O\"Team\":\"$o\"}"
static const char tags[] = "\"tags\":" TAG_VALUES ",\"tags_all\":" TAG_VALUES;

enum action { STAY, CREATE, UPDATE, REPLACE, DELETE };

static const struct { const char *actions; unsigned share; bool exists, stays; } actions[] = {
	[STAY] = { "no-op", 50, true, true }, [CREATE] = { "create", 32, false, true },
	[UPDATE] = { "update", 14, true, true }, [REPLACE] = { "delete\",\"create", 2, true, true },
	[DELETE] = { "delete", 2, true, false },
};

/* Where the text goes, and how much of it there was. */
struct output {
	FILE *file;	/* NULL: it is only counted */
	uint64_t bytes;
	bool comma;	/* an element stands before the next one */
};

struct gen {
	struct output out;
	uint64_t seed, resources, pad;
	uint64_t random;	/* of the resource that is being written */
};

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static unsigned pick(struct gen *g, unsigned n)
{
	g->random = mix(g->random);
	return (unsigned)(g->random >> 32) % n;
}

static void put_n(struct gen *g, const char *text, size_t len)
{
	g->out.bytes += len;
	if (g->out.file && fwrite(text, 1, len, g->out.file) != len) {
		perror("plan_gen");
		exit(1);
	}
}

static void put(struct gen *g, const char *text)
{
	put_n(g, text, strlen(text));
}

__attribute__((format(printf, 2, 3)))
static void putf(struct gen *g, const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		abort();
	put_n(g, text, (size_t)n);
}

static void list_begin(struct gen *g, const char *text)
{
	put(g, text);
	g->out.comma = false;
}

static void list_next(struct gen *g)
{
	if (g->out.comma)
		put(g, ",");
	g->out.comma = true;
}

static uint64_t block_of(uint64_t i)
{
	return i / COUNT;
}

/* 0: the root module; else the number of the module call. */
static uint64_t module_of(uint64_t block)
{
	uint64_t group = block / MODULE_BLOCKS;

	return group % 5 < 3 ? 0 : group + 1;
}

static const struct type *type_of(const struct gen *g, uint64_t block)
{
	return &types[mix(g->seed ^ mix(block)) % TYPES];
}

static enum action action_of(const struct gen *g, uint64_t i)
{
	unsigned rest = (unsigned)(mix(g->seed + mix(i + 1)) % 100), action = STAY;

	while (rest >= actions[action].share)
		rest -= actions[action++].share;
	return action;
}

static void put_pad(struct gen *g)
{
	static const char line[] =
		"install -m 0755 \\\"$SOURCE/bin\\\" /usr/local/bin \\u0026\\u0026 systemctl restart app\\n";
	uint64_t left = g->pad;

	for (; left >= sizeof(line) - 1; left -= sizeof(line) - 1)
		put_n(g, line, sizeof(line) - 1);
	while (left--)
		put_n(g, "#", 1);
}

static void expand(struct gen *g, const char *text, uint64_t i, bool known, unsigned version);

/* What a letter behind $ stands for; every kind of bad value comes up a few times in a hundred. */
static void expand_letter(struct gen *g, char letter, uint64_t i, bool known, unsigned version)
{
	static const char *const owners[] = { "payments", "search", "platform", "identity", "logistics", "analytics" };
	static const char *const environments[] = { "prod", "staging", "dev" };
	bool bad = letter != 'T' && letter != 'p' && letter != 'i' && letter != 'v' && pick(g, 40) == 0;

	switch (letter) {
	case 'T': expand(g, tags, i, known, version); break;
	case 'p': put_pad(g); break;
	case 'i': putf(g, "%" PRIu64, i); break;
	case 'v': putf(g, "%u", version); break;
	case 'h': putf(g, "%08x", pick(g, UINT32_MAX)); break;
	case 'n': putf(g, "%u", bad ? 1 : 7 + pick(g, 90)); break;
	case 'c': putf(g, bad ? "%03u" : "%04u", pick(g, 1000)); break;
	case 'e': put(g, bad ? "sandbox" : environments[pick(g, 3)]); break;
	case 'o': put(g, bad ? "everyone-in-the-company" : owners[pick(g, 6)]); break;
	case 'O': put(g, bad ? "" : "\"Owner\":\"platform@acme.example\","); break;
	case 'r': put(g, bad ? "us-gov-west-1" : pick(g, 2) ? "eu-central-1" : "eu-west-1"); break;
	case 't': put(g, bad ? "false" : "true"); break;
	case 'f': put(g, bad ? "true" : "false"); break;
	case 'k': put(g, bad ? "m1" : "m6i"); break;
	case 'q': put(g, bad ? "optional" : "required"); break;
	case 'l': put(g, bad ? "python2.7" : "python3.12"); break;
	default: abort();
	}
}

/* known: with what is known of a resource that exists. */
static void expand(struct gen *g, const char *text, uint64_t i, bool known, unsigned version)
{
	while (*text) {
		size_t n = strcspn(text, "$<>");

		put_n(g, text, n);
		text += n;
		if (*text == '$') {
			expand_letter(g, text[1], i, known, version);
			text += 2;
		} else if (*text == '<') {
			text = known ? text + 1 : strchr(text, '>') + 1;
		} else if (*text == '>') {
			text++;
		}
	}
}

/* The attributes of a resource as an object; version 0 is what it was, 1 what it will be. */
static void put_values(struct gen *g, uint64_t i, bool known, unsigned version)
{
	g->random = mix(g->seed * 3 + i);
	put(g, "{");
	expand(g, type_of(g, block_of(i))->values, i, known, version);
	put(g, "}");
}

/* What every form of a resource begins with. */
static void put_identity(struct gen *g, uint64_t i)
{
	uint64_t block = block_of(i), module = module_of(block);
	const struct type *t = type_of(g, block);

	put(g, "{\"address\":\"");
	if (module)
		putf(g, "module.team_%" PRIu64 ".", module);
	putf(g, "%s.%s_%" PRIu64 "[%" PRIu64 "]\",", t->name, t->stem, block, i % COUNT);
}

static void put_kind(struct gen *g, uint64_t i)
{
	const struct type *t = type_of(g, block_of(i));

	putf(g, "\"mode\":\"managed\",\"type\":\"%s\",\"name\":\"%s_%" PRIu64 "\","
	"\"index\":%" PRIu64 "," PROVIDER ",", t->name,
		t->stem, block_of(i), i % COUNT);
}

/* A resource of planned_values or prior_state. */
static void put_state(struct gen *g, uint64_t i, bool prior)
{
	enum action action = action_of(g, i);

	if (!(prior ? actions[action].exists : actions[action].stays))
		return;
	list_next(g);
	put_identity(g, i);
	put_kind(g, i);
	put(g, "\"schema_version\":1,\"values\":");
	put_values(g, i, prior || action == STAY || action == UPDATE, prior && action != STAY ? 0 : 1);
	put(g, ",\"sensitive_values\":{");
	put(g, type_of(g, block_of(i))->sensitive);
	put(g, "}}");
}

/* root_module of planned_values or prior_state. */
static void put_modules(struct gen *g, bool prior)
{
	bool first = true;

	list_begin(g, "\"root_module\":{\"resources\":[");
	for (uint64_t i = 0; i < g->resources; i++)
		if (!module_of(block_of(i)))
			put_state(g, i, prior);
	put(g, "],\"child_modules\":[");
	for (uint64_t i = 0; i < g->resources; i += COUNT * MODULE_BLOCKS) {
		uint64_t module = module_of(block_of(i));

		if (!module)
			continue;
		list_begin(g, first ? "{\"resources\":[" : ",{\"resources\":[");
		first = false;
		for (uint64_t k = i; k < i + COUNT * MODULE_BLOCKS && k < g->resources; k++)
			put_state(g, k, prior);
		putf(g, "],\"address\":\"module.team_%" PRIu64 "\"}", module);
	}
	put(g, "]}");
}

static void put_change(struct gen *g, uint64_t i)
{
	enum action action = action_of(g, i);
	const struct type *t = type_of(g, block_of(i));
	uint64_t module = module_of(block_of(i));
	bool known = action == STAY || action == UPDATE;

	list_next(g);
	put_identity(g, i);
	if (module)
		putf(g, "\"module_address\":\"module.team_%" PRIu64 "\",", module);
	put_kind(g, i);
	putf(g, "\"change\":{\"actions\":[\"%s\"],\"before\":", actions[action].actions);
	if (actions[action].exists)
		put_values(g, i, true, action != STAY ? 0 : 1);
	else
		put(g, "null");
	put(g, ",\"after\":");
	if (actions[action].stays)
		put_values(g, i, known, 1);
	else
		put(g, "null");
	put(g, ",\"after_unknown\":{");
	put(g, known || action == DELETE ? "" : t->unknown);
	put(g, "},\"before_sensitive\":");
	put(g, actions[action].exists ? "{" : "false");
	put(g, actions[action].exists ? t->sensitive : "");
	put(g, actions[action].exists ? "},\"after_sensitive\":" : ",\"after_sensitive\":");
	put(g, actions[action].stays ? "{" : "false");
	put(g, actions[action].stays ? t->sensitive : "");
	put(g, actions[action].stays ? "}}" : "}");
	if (action == DELETE)
		put(g, ",\"action_reason\":\"delete_because_no_resource_config\"");
	if (action == REPLACE)
		put(g, ",\"action_reason\":\"replace_because_cannot_update\"");
	put(g, "}");
}

/* The configuration of a block. */
static void put_block(struct gen *g, uint64_t block)
{
	const struct type *t = type_of(g, block);

	list_next(g);
	putf(g, "{\"address\":\"%s.%s_%" PRIu64 "\",\"mode\":\"managed\",\"type\":\"%s\",\"name\":\"%s_%" PRIu64 "\","
		"\"provider_config_key\":\"aws\",\"expressions\":{", t->name, t->stem, block, t->name, t->stem, block);
	put(g, t->expressions);
	putf(g, "},\"schema_version\":1,\"count_expression\":{\"constant_value\":%d}}", COUNT);
}

static void put_configuration(struct gen *g)
{
	uint64_t blocks = (g->resources + COUNT - 1) / COUNT;
	bool first = true;

	put(g, "\"configuration\":{\"provider_config\":{\"aws\":{\"name\":\"aws\","
	"\"full_name\":\"registry.terraform.io/hashicorp/aws\","
		"\"version_constraint\":\"~\\u003e 6.0\","
		"\"expressions\":{\"region\":{\"references\":[\"var.region\"]}}}},");
	list_begin(g, "\"root_module\":{\"resources\":[");
	for (uint64_t block = 0; block < blocks; block++)
		if (!module_of(block))
			put_block(g, block);
	put(g, "],\"module_calls\":{");
	for (uint64_t block = 0; block < blocks; block += MODULE_BLOCKS) {
		uint64_t module = module_of(block);

		if (!module)
			continue;
		putf(g, "%s\"team_%" PRIu64 "\":{\"source\":\"./modules/team\","
		"\"expressions\":{\"environment\":{\"references\":["
			"\"var.environment\"]}},", first ? "" : ",", module);
		first = false;
		list_begin(g, "\"module\":{\"resources\":[");
		for (uint64_t k = block; k < block + MODULE_BLOCKS && k < blocks; k++)
			put_block(g, k);
		put(g, "],\"variables\":{\"environment\":{}}}}");
	}
	put(g, "},\"variables\":{\"environment\":{},\"db_password\":{\"sensitive\":true},"
	"\"region\":{\"default\":\"eu-west-1\"}}}}");
}

static void put_plan(struct gen *g)
{
	put(g, "{\"format_version\":\"1.2\",\"terraform_version\":\"1.11.4\","
	"\"variables\":{\"db_password\":{\"value\":\"not a password\"},"
		"\"environment\":{\"value\":\"prod\"},\"region\":{\"value\":\"eu-west-1\"}},\"planned_values\":{");
	put_modules(g, false);
	list_begin(g, "},\"resource_changes\":[");
	for (uint64_t i = 0; i < g->resources; i++)
		put_change(g, i);
	put(g, "],\"output_changes\":{},\"prior_state\":{\"format_version\":\"1.0\","
	"\"terraform_version\":\"1.11.4\",\"values\":{");
	put_modules(g, true);
	put(g, "}},");
	put_configuration(g);
	put(g, ",\"timestamp\":\"2025-06-01T12:00:00Z\",\"applyable\":true,\"complete\":true,\"errored\":false}\n");
}

/* How large a plan is, without writing it. */
static uint64_t measure(struct gen *g, uint64_t resources, uint64_t pad)
{
	struct gen trial = *g;

	trial.out = (struct output) { .file = NULL };
	trial.resources = resources;
	trial.pad = pad;
	put_plan(&trial);
	return trial.out.bytes;
}

static void fit(struct gen *g, uint64_t size)
{
	enum { SAMPLE = 5000, PAD = 4000 };
	uint64_t base, step;

	if (!g->resources) {
		g->pad = 200;
		base = measure(g, SAMPLE, g->pad);
		g->resources = (uint64_t)((double)size / (double)base * SAMPLE) + 1;
		return;
	}
	base = measure(g, g->resources, 0);
	step = measure(g, g->resources, PAD) - base;
	if (size > base && step)
		g->pad = (uint64_t)((double)(size - base) / (double)step * PAD);
}

static bool number(const char *text, uint64_t *out)
{
	static const char units[] = "kMG";
	const char *unit;
	char *end;

	*out = strtoull(text, &end, 10);
	if (end == text || *text == '-')
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit)
		*out <<= 10 * (unit - units + 1);
	return !*end || (unit && !end[1]);
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "size", 1, 0, 's' }, { "resources", 1, 0, 'r' }, { "seed", 1, 0, 'S' }, { 0, 0, 0, 0 },
	};
	struct gen g = { .out = { .file = stdout }, .seed = 1, .pad = 200 };
	uint64_t size = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		uint64_t *into = c == 's' ? &size : c == 'r' ? &g.resources : c == 'S' ? &g.seed : NULL;

		if (!into || !number(optarg, into)) {
			fputs("usage: plan_gen [--size BYTES[k|M|G]] [--resources N] [--seed N]\n", stderr);
			return 2;
		}
	}
	if (size)
		fit(&g, size);
	else if (!g.resources)
		g.resources = 1000;
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	put_plan(&g);
	if (fflush(stdout) != 0) {
		perror("plan_gen");
		return 1;
	}
	return 0;
}
