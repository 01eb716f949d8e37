/* YAML and JSON documents: the tree, what plain scalars mean, faults with their lines, limits, hostile input. */
#include "test.h"

#include <math.h>

#include "base/buf.h"
#include "base/doc.h"

/* The tree in one line: 'quoted', plain, [a,b], {key:value}; documents behind one another. */
static void draw(struct buf *out, const struct doc_node *node)
{
	assert_true(node->line > 0);
	if (node->kind == DOC_SCALAR) {
		assert_int_equal(node->len, strlen(node->text));
		buf_printf(out, node->quoted ? "'%s'" : "%s", node->text);
		return;
	}
	buf_puts(out, node->kind == DOC_SEQUENCE ? "[" : "{");
	for (size_t i = 0; i < node->count; i++) {
		if (i)
			buf_puts(out, ",");
		if (node->kind == DOC_MAPPING) {
			draw(out, node->keys[i]);
			buf_puts(out, ":");
		}
		draw(out, node->items[i]);
	}
	buf_puts(out, node->kind == DOC_SEQUENCE ? "]" : "}");
}

static const struct { const char *text, *tree; } good[] = {
	{ "", "" }, { "# nothing\n", "" }, { "---\n", "" }, { "a: 1\n", "{a:1}" }, { "\xef\xbb\xbf" "a: 1\n", "{a:1}" },
	{ "a: 1\r\nb: 2\r\n", "{a:1,b:2}" }, { "- x\n- 'y'\n- \"z\"\n", "[x,'y','z']" }, { "a: |\n  x\n  y\n",
		"{a:'x\ny\n'}" },
	{ "a: >-\n  x\n  y\n", "{a:'x y'}" }, { "{a: [1, {b: c}], d: }", "{a:[1,{b:c}],d:}" }, { "a: !!str 5",
		"{a:'5'}" },
	{ "!!map {a: !!seq [1]}", "{a:[1]}" }, { "a\n---\nb\n", "ab" },
	{ "[!!int 5, !!int \"0x1f\", !!bool yEs, !!bool 'off', !!null x, !!null '', !!str 5]",
		"[5,0x1f,true,false,null,null,'5']" },
	{ "[!!float 1.5, !!float '5', !!float 1e3, !!float 1:30]",
		"[1.5,5.0000000000000000e+00,1.0000000000000000e+03,9.0000000000000000e+01]" },
	{ "!!int 1: a", "{1:a}" }, { "---\na\n---\n", "a" }, { "---\n---\n# no\n---\na", "a" }, { "---\n''\n---\n~", "''~" },
	{ "%YAML 1.1\n---\na", "a" }, { "? a\n: b\n",
		"{a:b}" },
	{ "a: caf\xc3\xa9 \xf0\x9f\x98\x80", "{a:caf\xc3\xa9 \xf0\x9f\x98\x80}" }, { "a: \"\\x41\\u20ac\\/\"",
		"{a:'A\xe2\x82\xac/'}" },
	/* aliases and merge keys */
	{ "a: &x [1, 2]\nb: *x\nc: [*x]", "{a:[1,2],b:[1,2],c:[[1,2]]}" }, { "[&x a, *x, &x b, *x]", "[a,a,b,b]" },
	{ "{&k a: 1, b: *k}", "{a:1,b:a}" },
	{ "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", "{a:{p:1,q:2},b:{q:3,p:1}}" },
	{ "[&x {p: 1}, &y {p: 2, q: 2}, {<<: [*x, *y], r: 3}]", "[{p:1},{p:2,q:2},{r:3,p:1,q:2}]" },
	{ "{<<: {<<: {a: 1}, b: 2}, c: 3}", "{c:3,b:2,a:1}" }, { "{\"<<\": 1}", "{'<<':1}" }, { "a: <<", "{a:<<}" },
	{ "{<<: [], a: 1}", "{a:1}" },
	/* JSON */
	{ "{\"a\":1,\"b\":[true,null,\"x\"]}", "{'a':1,'b':[true,null,'x']}" }, { "{\n\t\"a\": [\n\t\t1e3\n\t]\n}\n",
		"{'a':[1.0e+3]}" },
	{ "[1E3,-1.5e1,1e-7,2.5E+1,10,1.5,\"1e3\",\"\\\"1e3\",true,{\"1e3\":1e0}]",
		"[1.0e+3,-1.5e+1,1.0e-7,2.5e+1,10,1.5,'1e3','\"1e3',true,{'1e3':1.0e+0}]" },
	{ "[\"\\ud83d\\ude00\\\\ud83d\\/\\u00e9\"]", "['\xf0\x9f\x98\x80\\ud83d/\xc3\xa9']" },
	{ "[\"a\x7f\xe2\x80\xa8  b\xc2\x85\xef\xbb\xbf\"]", "['a\x7f\xe2\x80\xa8  b\xc2\x85\xef\xbb\xbf']" },
	{ " [\"#\", \"a: b\", \"&x\", \"*x\", \"!t\"]", "['#','a: b','&x','*x','!t']" }, { "[]", "[]" }, { "{}", "{}" },
	{ "\xef\xbb\xbf{\"a\":{}}", "{'a':{}}" },
	/* looks like JSON, is YAML */
	{ "{a: 'b', # c\n d: [e,],}", "{a:'b',d:[e]}" }, { "[1e3, x]", "[1e3,x]" },
};

static void reads_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct faults faults = { 0 };
		struct doc *doc = doc_parse("f", good[i].text, strlen(good[i].text), &faults);
		struct buf out = BUF_INIT(10000);

		if (!doc)
			fail_msg("%s: %s", good[i].text, faults.n ? faults.list[0].text : "no fault");
		assert_int_equal(faults.n, 0);
		for (size_t d = 0; d < doc->count; d++)
			draw(&out, doc->roots[d]);
		assert_string_equal(buf_text(&out), good[i].tree);
		assert_string_equal(doc->file, "f");
		buf_free(&out);
		doc_free(doc);
	}
}

/* Each fault as "line: a part of its text"; a second one may follow. */
static const struct { const char *text, *faults[3]; } bad[] = {
	{ "a: 1\nb: 2\na: 3\n", { "3: key 'a' stands here a second time, first in line 1" } },
	{ "{\"a\": 1,\n \"a\": 2}", { "2: key 'a'" } }, { "1: a\n\"1\": b", { "2: key '1'" } },
	{ "a: {x: 1, x: 1}\nb: {y: 1, y: 2}", { "1: key 'x'", "2: key 'y'" } },
	{ "a: !!timestamp 2026-01-01\nb: !mine x\nc: {d: 1, d: 2}", { "1: tag:yaml.org,2002:timestamp",
		"2: the tag '!mine'", "3: key 'd'" } },
	{ "a: !!int 5.0\nb: !!int ''\nc: !!int 08", { "1: '5.0' is not a whole number", "2: '' is not", "3: '08'" } },
	{ "a: !!bool 1\nb: !!float 1x\nc: !!float 0x", { "1: '1' is not a boolean", "2: '1x' is not a number",
		"3: '0x'" } },
	{ "a: !!int [1]", { "1: tag" } },
	{ "a: ! 5", { "1: tag '!'" } }, { "!!set {a}", { "1: tag" } }, { "a: !!str [x]", { "1: tag" } },
	{ "\n? [a]\n: b\n", { "2: a key must be a text" } }, { "{{a: b}: c}", { "1: a key must be a text" } },
	{ "a: *x", { "1: alias '*x' has no anchor" } }, { "a: &x [*x]", { "1: inside its own anchor" } },
	{ "- &x a\n---\n- *x", { "3: alias '*x' has no anchor" } },
	{ "a: {<<: 1}", { "1: merge key" } }, { "a: {<<: [{b: 1}, 2]}", { "1: merge key" } },
	{ "<<: {a: 1}\n<<: {b: 1}", { "2: one merge key" } },
	{ "a: b\n  c: d", { "2: mapping values are not allowed" } }, { "a: [1",
		{ "2: flow sequence that begins in line 1" } }, { "a: \"x", { "1: end of stream" } },
	{ "a:\n\t- b", { "2: cannot start any token" } }, { "a: b\n\x01", { "2: control characters" } },
	{ "a: b\nc: \xff", { "2: not UTF-8" } }, { "\xff\xfe" "a", { "1: not UTF-8" } }, { "a: \"x\\0y\"",
		{ "1: NUL" } },
	{ "{\"a\":\"\\ud83d\"}", { "1: Unicode" } }, { "a: @x", { "1: cannot start any token" } }, { "]", { "1: " } },
	{ "%YAML 9.9\n---\na", { "1: " } }, { "{\"a\":1}\n}", { "2: " } },
};

static void says_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct faults faults = { 0 };
		size_t n = 0;

		assert_null(doc_parse("dir/f.yaml", bad[i].text, strlen(bad[i].text), &faults));
		assert_int_equal(faults.n, faults.errors);
		while (n < 3 && bad[i].faults[n])
			n++;
		for (size_t f = 0; f < n; f++) {
			const char *part = strstr(bad[i].faults[f], ": ") + 2;

			if (f >= faults.n || faults.list[f].line != strtoul(bad[i].faults[f], NULL, 10) ||
			    !strstr(faults.list[f].text, part))
				fail_msg("%s: instead of %s: %u: %s", bad[i].text, bad[i].faults[f],
					f < faults.n ? faults.list[f].line : 0,
						f < faults.n ? faults.list[f].text : "none");
			assert_string_equal(faults.list[f].file, "dir/f.yaml");
		}
		assert_int_equal(faults.n, n);
		faults_free(&faults);
	}
}

static void keeps_lines(void **state)
{
	static const char text[] = "a: 1\n\nb:\n  - x\n  - {c: d,\n     e: f}\ng: |\n  h\n";
	struct faults faults = { 0 };
	struct doc *doc = doc_parse("f", text, strlen(text), &faults);
	const struct doc_node *root = doc->roots[0], *b = doc_get(root, "b");

	(void)state;
	assert_int_equal(root->line, 1);
	assert_int_equal(root->keys[1]->line, 3);
	assert_int_equal(b->line, 4);
	assert_int_equal(doc_get(b->items[1], "e")->line, 6);
	assert_int_equal(doc_get(root, "g")->line, 7);
	assert_null(doc_get(root, "x"));
	assert_null(doc_get(b, "x"));
	assert_null(doc_get(NULL, "x"));
	doc_free(doc);
	doc_free(NULL);
}

static const struct { const char *text; enum doc_type type; double number; } scalars[] = {
	{ "", DOC_NULL, 0 }, { "~", DOC_NULL, 0 }, { "null", DOC_NULL, 0 }, { "Null", DOC_NULL, 0 }, { "NULL", DOC_NULL,
		0 },
	{ "nULL", DOC_STRING, 0 }, { "none", DOC_STRING, 0 },
	{ "yes", DOC_BOOL, 1 }, { "Yes", DOC_BOOL, 1 }, { "YES", DOC_BOOL, 1 }, { "on", DOC_BOOL, 1 }, { "On", DOC_BOOL,
		1 },
	{ "ON", DOC_BOOL, 1 }, { "true", DOC_BOOL, 1 }, { "True", DOC_BOOL, 1 }, { "TRUE", DOC_BOOL, 1 }, { "no",
		DOC_BOOL, 0 },
	{ "No", DOC_BOOL, 0 }, { "NO", DOC_BOOL, 0 }, { "off", DOC_BOOL, 0 }, { "OFF", DOC_BOOL, 0 }, { "false",
		DOC_BOOL, 0 },
	{ "False", DOC_BOOL, 0 }, { "tRue", DOC_STRING, 0 }, { "y", DOC_STRING, 0 }, { "N", DOC_STRING, 0 }, { "oN",
		DOC_STRING, 0 },
	{ "0", DOC_INTEGER, 0 }, { "-0", DOC_INTEGER, 0 }, { "+12", DOC_INTEGER, 12 }, { "-12", DOC_INTEGER, -12 },
	{ "0777", DOC_INTEGER, 511 }, { "00", DOC_INTEGER, 0 }, { "-017", DOC_INTEGER, -15 }, { "08", DOC_STRING, 0 },
	{ "0o17", DOC_STRING, 0 }, { "0x1f", DOC_INTEGER, 31 }, { "0xFF_FF", DOC_INTEGER, 65535 }, { "0x", DOC_STRING,
		0 },
	{ "0x_", DOC_STRING, 0 }, { "0X1f", DOC_STRING, 0 }, { "0b101", DOC_INTEGER, 5 }, { "-0b1_1", DOC_INTEGER, -3 },
	{ "0b2", DOC_STRING, 0 }, { "0b", DOC_STRING, 0 }, { "1_000", DOC_INTEGER, 1000 }, { "1_", DOC_INTEGER, 1 },
	{ "_1", DOC_STRING, 0 }, { "1:30", DOC_INTEGER, 90 }, { "-1:30", DOC_INTEGER, -90 }, { "190:20:30", DOC_INTEGER,
		685230 },
	{ "1:60", DOC_STRING, 0 }, { "0:30", DOC_STRING, 0 }, { "1:5", DOC_INTEGER, 65 }, { "1:", DOC_STRING, 0 },
	{ "1:2:", DOC_STRING, 0 }, { "1:234", DOC_STRING, 0 }, { "12e3", DOC_STRING, 0 }, { "1e3", DOC_STRING, 0 },
	{ "9223372036854775807", DOC_INTEGER, 9223372036854775807.0 }, { "9223372036854775808", DOC_FLOAT,
		9223372036854775808.0 },
	{ "-9223372036854775808", DOC_INTEGER, -9223372036854775808.0 },
	{ "-9223372036854775809", DOC_FLOAT, -9223372036854775809.0 }, { "0xffffffffffffffff", DOC_FLOAT,
		18446744073709551615.0 },
	{ "1.5", DOC_FLOAT, 1.5 }, { "-1.5", DOC_FLOAT, -1.5 }, { "1.", DOC_FLOAT, 1 }, { ".5", DOC_FLOAT, 0.5 },
		{ "-.5", DOC_STRING, 0 },
	{ "+.5", DOC_STRING, 0 }, { ".", DOC_STRING, 0 }, { "._5", DOC_STRING, 0 }, { "1_0.2_5", DOC_FLOAT, 10.25 },
	{ "1.0e3", DOC_STRING, 0 }, { "1.0e+3", DOC_FLOAT, 1000 }, { "1.5E-1", DOC_FLOAT, 0.15 }, { "1.5e+", DOC_STRING,
		0 },
	{ "1.2.3", DOC_STRING, 0 }, { "1:30.5", DOC_FLOAT, 90.5 }, { "0:30.0", DOC_FLOAT, 30 }, { "1:60.0", DOC_STRING,
		0 },
	{ ".inf", DOC_FLOAT, INFINITY }, { "-.INF", DOC_FLOAT, -INFINITY }, { "+.Inf", DOC_FLOAT, INFINITY },
	{ ".iNF", DOC_STRING, 0 }, { "inf", DOC_STRING, 0 }, { "nan", DOC_STRING, 0 }, { "-.nan", DOC_STRING, 0 },
	{ "2020-01-01", DOC_DATE, 0 }, { "2020-1-1", DOC_STRING, 0 }, { "2020-01-01T10:00:00Z", DOC_DATE, 0 },
	{ "2020-1-1 1:00:00", DOC_DATE, 0 }, { "2020-01-01t10:00:00.5 +1:30", DOC_DATE, 0 }, { "2020-01-01T10:00",
		DOC_STRING, 0 },
	{ "2020-01-01 10:00:00 +1:3", DOC_STRING, 0 }, { "2020-01-01 x", DOC_STRING, 0 }, { "20200101", DOC_INTEGER,
		20200101 },
	{ "2020-01", DOC_STRING, 0 }, { "99-01-01", DOC_STRING, 0 }, { "2020-01-01-", DOC_STRING, 0 },
	{ "-", DOC_STRING, 0 }, { "+", DOC_STRING, 0 }, { "=", DOC_STRING, 0 }, { "<<", DOC_STRING, 0 }, { "10.0.0.0/8",
		DOC_STRING, 0 },
	{ "1 2", DOC_STRING, 0 }, { "0.0.0.0", DOC_STRING, 0 }, { "text", DOC_STRING, 0 },
};

static void resolves_scalars(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scalars); i++) {
		char text[64];
		struct doc_node node = { .kind = DOC_SCALAR, .text = text };
		struct doc_value v;
		double number;

		node.len = (size_t)snprintf(text, sizeof(text), "%s", scalars[i].text);
		if (doc_scalar(&node, &v) != scalars[i].type || v.type != scalars[i].type)
			fail_msg("'%s' is %d, not %d", text, v.type, scalars[i].type);
		number = v.type == DOC_BOOL ? v.boolean : v.number;
		if (number != scalars[i].number || (v.type == DOC_INTEGER && (double)v.integer != v.number))
			fail_msg("'%s': %.17g, %lld", text, number, (long long)v.integer);
		node.quoted = true;
		assert_int_equal(doc_scalar(&node, &v), DOC_STRING);
	}
}

static void resolves_the_rest(void **state)
{
	char nan_text[] = ".NaN", most[] = "9223372036854775807", least[] = "-9223372036854775808";
	struct doc_node node = { .kind = DOC_SCALAR, .text = nan_text, .len = 4 }, list = { .kind = DOC_SEQUENCE };
	struct doc_value v;

	(void)state;
	assert_int_equal(doc_scalar(&node, &v), DOC_FLOAT);
	assert_true(isnan(v.number));
	node.text = most;
	doc_scalar(&node, &v);
	assert_true(v.integer == INT64_MAX);
	node.text = least;
	doc_scalar(&node, &v);
	assert_true(v.integer == INT64_MIN);
	assert_int_equal(doc_scalar(&list, &v), DOC_STRING);
}

/* Text made of a head, a piece many times, and a tail. */
static char *repeat(const char *head, const char *piece, size_t n, const char *tail)
{
	size_t a = strlen(head), b = strlen(piece), c = strlen(tail);
	char *text = malloc(a + b * n + c + 1), *p = text;

	assert_non_null(text);
	p = mempcpy(p, head, a);
	for (size_t i = 0; i < n; i++)
		p = mempcpy(p, piece, b);
	memcpy(p, tail, c + 1);
	return text;
}

static void expect(char *text, const char *fault)
{
	struct faults faults = { 0 };
	struct doc *doc = doc_parse("f", text, strlen(text), &faults);

	assert_int_equal(doc == NULL, fault != NULL);
	if (fault)
		assert_non_null(strstr(faults.list[0].text, fault));
	assert_int_equal(faults.n, fault != NULL);
	faults_free(&faults);
	doc_free(doc);
	free(text);
}

#define TENFOLD(a, b) #a ": &" #a " [*" #b ",*" #b ",*" #b ",*" #b ",*" #b ",*" #b ",*" #b ",*" #b ",*" #b ",*" #b "]\n"

static void keeps_limits(void **state)
{
	char *deep, *close;

	(void)state;
	expect(repeat("", "x", 4 * 1024 * 1024, ""), NULL);
	expect(repeat("", "x", 4 * 1024 * 1024 + 1, ""), "4 MiB");
	expect(repeat("[", "x,", 199999, "]"), NULL);
	expect(repeat("[", "x,", 200000, "]"), "200000");
	expect(repeat("[&x [1,2,3],", "*x,", 49998, "]"), NULL);	/* four values each */
	expect(repeat("[&x [1,2,3],", "*x,", 49999, "]"), "200000");
	for (size_t depth = 63; depth <= 64; depth++) {		/* the scalar is a level too */
		close = repeat("x", "]", depth, "");
		deep = repeat("", "[", depth, close);
		free(close);
		expect(deep, depth == 63 ? NULL : "64 levels");
	}
	for (size_t depth = 60; depth <= 61; depth++) {		/* an alias brings its own levels */
		close = repeat("*x", "]", depth, "]");
		deep = repeat("[&x [[1]],", "[", depth, close);
		free(close);
		expect(deep, depth == 60 ? NULL : "64 levels");
	}
	expect(repeat("", "[", 1000000, ""), "64 levels");
	expect(repeat("", "{", 1000000, ""), "64 levels");
	expect(repeat("", "- ", 1000000, ""), "64 levels");
	expect(repeat("", "[{\"a\":", 500000, ""), "64 levels");
	/* a billion laughs, and a merge that grows as fast */
	expect(repeat("z: &z lol\n" TENFOLD(a, z) TENFOLD(b, a) TENFOLD(c, b) TENFOLD(d, c) TENFOLD(e, d) TENFOLD(f, e)
		TENFOLD(g, f) TENFOLD(h, g) TENFOLD(i, h), "", 0, ""), "200000");
	expect(repeat("- &x {a: 1, b: 2}\n- {<<: [", "*x,", 100000, "]}"), "200000");
}

/* What a merge key brings in counts again on every level: n pairs are 2 n values, merged three times 8 n. */
static void counts_merged_pairs(void **state)
{
	(void)state;
	for (int n = 24000; n <= 26000; n += 2000) {
		struct buf text = BUF_INIT(1 << 20);

		buf_puts(&text, "<<: {<<: {<<: {");
		for (int i = 0; i < n; i++)
			buf_printf(&text, "k%d: ,", i);
		buf_puts(&text, "}}}\n");
		expect(text.data, n == 24000 ? NULL : "200000");
	}
}

static void limits_anchors(void **state)
{
	(void)state;
	for (size_t n = 1000; n <= 1001; n++) {
		struct buf text = BUF_INIT(1 << 20);

		for (size_t i = 0; i < n; i++)
			buf_printf(&text, "- &a%zu x\n", i);
		expect(text.data, n == 1000 ? NULL : "1000 anchors");
	}
}

static void finds_one_repeated_key_of_many(void **state)
{
	struct faults faults = { 0 };
	struct buf text = BUF_INIT(4 << 20);

	(void)state;
	for (int i = 0; i < 90000; i++)
		buf_printf(&text, "k%d: x\n", i);
	buf_puts(&text, "k777: x\n");
	assert_null(doc_parse("f", text.data, text.len, &faults));
	assert_int_equal(faults.n, 1);
	assert_int_equal(faults.list[0].line, 90001);
	assert_non_null(strstr(faults.list[0].text, "line 778"));
	faults_free(&faults);
	buf_free(&text);
}

static void loads_files(void **state)
{
	char *folder = test_folder(), *path = test_file(folder, "a.yaml", "a: 1\n", 5, 0644), *link = NULL;
	struct faults faults = { 0 };
	struct doc *doc;

	(void)state;
	assert_true(asprintf(&link, "%s/link", folder) > 0);
	assert_int_equal(symlink("a.yaml", link), 0);
	doc = doc_load(link, &faults);
	assert_string_equal(doc_get(doc->roots[0], "a")->text, "1");
	assert_string_equal(doc->file, link);
	doc_free(doc);
	assert_int_equal(faults.n, 0);
	assert_null(doc_load(folder, &faults));
	assert_string_equal(faults.list[0].text, "not a regular file");
	assert_int_equal(unlink(path), 0);
	assert_null(doc_load(path, &faults));
	assert_string_equal(faults.list[1].text, "No such file or directory");
	assert_string_equal(faults.list[1].file, path);
	faults_free(&faults);
	free(link);
	free(path);
	test_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_trees),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(keeps_lines),
		cmocka_unit_test(resolves_scalars),
		cmocka_unit_test(resolves_the_rest),
		cmocka_unit_test(keeps_limits),
		cmocka_unit_test(counts_merged_pairs),
		cmocka_unit_test(limits_anchors),
		cmocka_unit_test(finds_one_repeated_key_of_many),
		cmocka_unit_test(loads_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
