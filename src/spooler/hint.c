/*
 * The hint that a job was accepted: inotify on new/, where there is one. Which entries it was is not looked at: they are all read in
 * one scan, which is the truth, so that an event that was lost or comes twice does no harm.
 */
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

#include "base/mem.h"
#include "spooler/hint.h"

struct hint {
	int fd;
	struct loop_fd *watch;
	void (*fn)(void *context);
	void *context;
};

#ifdef __linux__

static void on_event(void *context, int fd, unsigned events)
{
	struct hint *h = context;
	char ignored[16384];

	(void)events;
	while (read(fd, ignored, sizeof ignored) > 0)
		;
	h->fn(h->context);
}

struct hint *hint_new(struct loop *l, const char *directory, void (*fn)(void *context), void *context)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct hint *h;

	if (fd < 0)
		return NULL;
	if (inotify_add_watch(fd, directory, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
		close(fd);
		return NULL;
	}
	h = xcalloc(1, sizeof *h);
	*h = (struct hint){ .fd = fd, .fn = fn, .context = context };
	h->watch = loop_watch(l, fd, LOOP_READ, on_event, h);
	return h;
}

#else

struct hint *hint_new(struct loop *l, const char *directory, void (*fn)(void *context), void *context)
{
	(void)l;
	(void)directory;
	(void)fn;
	(void)context;
	return NULL;
}

#endif

void hint_free(struct hint *h)
{
	if (h == NULL)
		return;
	loop_unwatch(h->watch);
	close(h->fd);
	free(h);
}
