/* The yardstick of plan checks: parses a plan with json-c, all of it, and ends. */
#include <json-c/json.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	json_object *plan = argc == 2 ? json_object_from_file(argv[1]) : NULL;

	if (!plan) {
		fputs(argc == 2 ? json_util_get_last_err() : "usage: yard_json PLAN\n", stderr);
		return 2;
	}
	return 0;
}
