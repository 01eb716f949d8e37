/* images-sync: what "planspool images sync" runs, with its arguments. The only one of planspool's commands that speaks
 * HTTP: libcurl, and the three dozen libraries that come with it, would cost every other command six megabytes and some
 * milliseconds. */
#include "base/log.h"
#include "cli/images.h"

int main(int argc, char **argv)
{
	const struct cli_command self = { .name = "images sync", .synopsis = images_sync.synopsis,
		.purpose = images_sync.purpose, .help = images_sync.help };

	log_open("planspool");
	return images_sync.run(&self, argc, argv);
}
