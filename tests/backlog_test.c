/* The order in which jobs are taken up after an outage, and how many. */
#include "test.h"

#include "spooler/backlog.h"

#define NOW 1700000000000
#define MINUTE (60 * 1000)

static void tells_classes(void **state)
{
	static const struct { int64_t age_ms; enum backlog_class class; } rows[] = {
		{ 0, BACKLOG_FRESH }, { -5 * MINUTE, BACKLOG_FRESH }, { 10 * MINUTE - 1, BACKLOG_FRESH },
		{ 10 * MINUTE, BACKLOG_LATE }, { 60 * MINUTE - 1, BACKLOG_LATE }, { 60 * MINUTE, BACKLOG_HOPELESS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(backlog_class(NOW - rows[i].age_ms, NOW), rows[i].class);
}

/* n jobs of an endpoint, the first one age_ms old, each next one a millisecond younger. */
static void add_of(struct backlog *b, const char *endpoint, const char *stem, size_t n, int64_t age_ms)
{
	struct spool_entry entry;

	for (size_t i = 0; i < n; i++) {
		snprintf(entry.id, sizeof entry.id, "%s.%s-%zu", endpoint, stem, i);
		entry.mtime_ms = NOW - age_ms + (int64_t)i;
		backlog_add(b, &entry);
	}
}

static void add(struct backlog *b, const char *stem, size_t n, int64_t age_ms)
{
	add_of(b, "prod", stem, n, age_ms);
}

static void carry(struct backlog *b, const char *id, size_t n, enum backlog_class class)
{
	for (size_t i = 0; i < n; i++)
		backlog_carried(b, id, class);
}

/* How many of an endpoint were chosen. */
static size_t chosen(const struct backlog *b, const char *endpoint)
{
	size_t n = 0, len = strlen(endpoint);

	for (size_t i = 0; i < b->n; i++)
		n += strncmp(b->list[i].id, endpoint, len) == 0 && b->list[i].id[len] == '.';
	return n;
}

static void expect(const struct backlog *b, size_t at, const char *stem, size_t number)
{
	char id[SPOOL_ID_SIZE];

	snprintf(id, sizeof id, "prod.%s-%zu", stem, number);
	assert_string_equal(b->list[at].id, id);
}

static void orders(void **state)
{
	struct backlog b;

	(void)state;
	backlog_open(&b, NOW, 1000);
	add(&b, "hopeless", 3, 90 * MINUTE);
	add(&b, "late", 3, 30 * MINUTE);
	add(&b, "new", 2, MINUTE);
	add(&b, "old", 2, 9 * MINUTE);
	backlog_choose(&b);
	assert_int_equal(b.n, 10);
	assert_false(b.more);
	expect(&b, 0, "old", 0);
	expect(&b, 1, "old", 1);
	expect(&b, 2, "new", 0);
	expect(&b, 4, "late", 0);
	expect(&b, 7, "hopeless", 0);
	expect(&b, 9, "hopeless", 2);
	backlog_close(&b);
}

/* Ten thousand of each, found in the worst order: memory is that of the room, and nothing blocks what is fresh. */
static void limits(void **state)
{
	struct backlog b;

	(void)state;
	backlog_open(&b, NOW, 200);
	add(&b, "hopeless", 10000, 90 * MINUTE);
	add(&b, "late", 10000, 30 * MINUTE);
	assert_true(b.cap <= 1024);
	backlog_choose(&b);
	assert_int_equal(b.n, 100 + 25);
	expect(&b, 99, "late", 99);
	expect(&b, 100, "hopeless", 0);
	assert_true(b.more);
	add(&b, "fresh", 10000, 5 * MINUTE);
	backlog_choose(&b);
	assert_int_equal(b.n, 178);
	expect(&b, 0, "fresh", 0);
	expect(&b, 177, "fresh", 177);
	backlog_close(&b);

	backlog_open(&b, NOW, 200);
	carry(&b, "other.x", 10, BACKLOG_FRESH);
	carry(&b, "other.x", 90, BACKLOG_LATE);
	carry(&b, "other.x", 21, BACKLOG_HOPELESS);
	add(&b, "hopeless", 100, 90 * MINUTE);
	add(&b, "late", 100, 30 * MINUTE);
	add(&b, "fresh", 5, 5 * MINUTE);
	backlog_choose(&b);
	assert_int_equal(b.n, 5 + 10 + 4);
	expect(&b, 18, "hopeless", 3);
	backlog_close(&b);

	backlog_open(&b, NOW, 100);	/* fewer workers than before a reload */
	carry(&b, "other.x", 101, BACKLOG_FRESH);
	add(&b, "fresh", 5, 5 * MINUTE);
	backlog_choose(&b);
	assert_int_equal(b.n, 0);
	assert_true(b.more);
	backlog_close(&b);
}

/* However few places there are, each class comes to its turn. */
static void few_places(void **state)
{
	struct backlog b;

	(void)state;
	for (size_t room = 1; room < 10; room++) {
		backlog_open(&b, NOW, room);
		add(&b, "hopeless", 3, 90 * MINUTE);
		backlog_choose(&b);
		assert_true(b.n > 0);
		backlog_close(&b);
		backlog_open(&b, NOW, room);
		add(&b, "late", 3, 30 * MINUTE);
		backlog_choose(&b);
		assert_true(b.n > 0);
		backlog_close(&b);
	}
}

/* However many jobs an endpoint has, and however old they are, the others find places. */
static void shares(void **state)
{
	struct backlog b;

	(void)state;
	backlog_open(&b, NOW, 900);
	add_of(&b, "down", "a", 20000, 9 * MINUTE);
	add_of(&b, "second", "b", 20000, 8 * MINUTE);
	add_of(&b, "third", "c", 20000, 7 * MINUTE);
	backlog_choose(&b);
	assert_int_equal(chosen(&b, "down"), 800);
	assert_int_equal(chosen(&b, "second"), 89);
	assert_int_equal(chosen(&b, "third"), 10);
	assert_true(b.more);
	backlog_close(&b);

	backlog_open(&b, NOW, 900);
	carry(&b, "down.x", 800, BACKLOG_FRESH);
	carry(&b, "do.x", 5, BACKLOG_FRESH);	/* not the same, though one begins like the other */
	add_of(&b, "down", "a", 100, 9 * MINUTE);
	add_of(&b, "do", "b", 10, MINUTE);
	backlog_choose(&b);
	assert_int_equal(chosen(&b, "down"), 0);
	assert_int_equal(chosen(&b, "do"), 10);
	backlog_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_classes),
		cmocka_unit_test(orders),
		cmocka_unit_test(limits),
		cmocka_unit_test(shares),
		cmocka_unit_test(few_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
