/* Runs a command several times, what it prints goes to a file, and prints the smallest times and the largest memory:
 *
 *	measure COUNT OUTPUT COMMAND...	wall_ms=W cpu_ms=C kb=M
 *
 * The smallest, because whatever else runs on the machine only adds. kb is the peak resident size of the process, or
 * of the largest it waited for. Standard input is measure's own file, from its beginning each time. Ends with the
 * command's last exit status; with 2 if a signal ended it. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
		(double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	double wall = 1e12, cpu = 1e12;
	long kb = 0;
	int status = 0, count = argc > 3 ? (int)strtol(argv[1], NULL, 10) : 0;

	if (count < 1) {
		fputs("usage: measure COUNT OUTPUT COMMAND...\n", stderr);
		return 2;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < count; i++) {
		struct rusage usage;
		double began = now_ms(), took;
		pid_t pid;

		lseek(0, 0, SEEK_SET);
		if (posix_spawnp(&pid, argv[3], &actions, NULL, argv + 3, environ) != 0 ||
		    wait4(pid, &status, 0, &usage) != pid) {
			perror(argv[3]);
			return 2;
		}
		took = now_ms() - began;
		wall = took < wall ? took : wall;
		cpu = cpu_ms(&usage) < cpu ? cpu_ms(&usage) : cpu;
		kb = usage.ru_maxrss > kb ? usage.ru_maxrss : kb;
	}
	printf("wall_ms=%.3f cpu_ms=%.3f kb=%ld\n", wall, cpu, kb);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
