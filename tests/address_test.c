/* Addresses and references, whatever stands in their keys. */
#include "test.h"

#include "plan/address.h"

static void addresses(void **state)
{
	static const struct {
		const char *address;
		size_t modules;
		const char *key, *without_keys;
	} rows[] = {
		{ "a.b", 0, "", "a.b" },
		{ "a.b[0]", 0, "[0]", "a.b" },
		{ "data.a.b[\"k\"]", 0, "[\"k\"]", "data.a.b" },
		{ "module.m.a.b", 8, "", "module.m.a.b" },
		{ "module.m[0].module.n[\"x.y]\"].a.b[\"\\\"]\"]", 28, "[\"\\\"]\"]", "module.m.module.n.a.b" },
		{ "module.m[\"]", 0, "", "module.m[\"]" },
		{ "module.m", 0, "", "module.m" },
		{ "", 0, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *without = address_without_keys(rows[i].address);

		assert_int_equal(address_modules(rows[i].address), rows[i].modules);
		assert_string_equal(address_last_key(rows[i].address), rows[i].key);
		assert_string_equal(without, rows[i].without_keys);
		free(without);
	}
}

static void references(void **state)
{
	(void)state;
	assert_true(address_is_front("a.b", "a.b[1].id"));
	assert_true(address_is_front("a.b[1]", "a.b[1].id"));
	assert_false(address_is_front("a.b", "a.b"));
	assert_false(address_is_front("a.b", "a.bc.id"));
	assert_int_equal(address_name("name[0].id"), 4);
	assert_int_equal(address_key("[\"a]\\\"\"].id"), 8);
	assert_int_equal(address_key("[0"), 0);
	assert_int_equal(address_key(".id"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(addresses), cmocka_unit_test(references) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
