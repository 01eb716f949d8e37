/* What is wrong with a file that people write, collected.
 *
 * Readers of the configuration and of policy files go on after a fault, so that everything can be said at once; they
 * look at errors at the end to know whether the result may be used. A warning never makes a file unusable.
 *
 * Texts often quote what stands in the file. They are kept as given, and made harmless (text_escape) when they are
 * turned into a line for people, so that a policy file can neither forge lines of a log nor control a terminal.
 *
 * The list grows with the number of faults; what limits it is the size of the files that are read (doc.h).
 */
#include "base/faults.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

static struct fault *place(struct faults *f)
{
	if ((f->n & (f->n - 1)) == 0)	/* full at every power of two */
		f->list = xreallocarray(f->list, f->n ? f->n * 2 : 1, sizeof(*f->list));
	return &f->list[f->n++];
}

static void add(struct faults *f, bool warning, const char *file, unsigned line, const char *format, va_list args)
	__attribute__((format(printf, 5, 0)));

static void add(struct faults *f, bool warning, const char *file, unsigned line, const char *format, va_list args)
{
	struct fault *fault;
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		mem_panic("planspool: out of memory");
	fault = place(f);
	fault->warning = warning;
	fault->file = xstrdup(file);
	fault->line = line;
	fault->text = text;
	if (!warning)
		f->errors++;
}

void faults_error(struct faults *f, const char *file, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(f, false, file, line, format, args);
	va_end(args);
}

void faults_warn(struct faults *f, const char *file, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(f, true, file, line, format, args);
	va_end(args);
}

void faults_take(struct faults *f, struct faults *from)
{
	for (size_t i = 0; i < from->n; i++)
		*place(f) = from->list[i];
	f->errors += from->errors;
	from->n = 0;
	faults_free(from);
}

/* "file:line", what stands between, the text; allocated. */
static char *line_of(const struct fault *fault, const char *between)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);

	if (text_escape(&out, fault->file, strlen(fault->file)))
		mem_panic("planspool: out of memory");
	if (fault->line)
		buf_printf(&out, ":%u", fault->line);
	buf_puts(&out, between);
	if (text_escape(&out, fault->text, strlen(fault->text)))
		mem_panic("planspool: out of memory");
	return out.data;
}

char *fault_text(const struct fault *fault)
{
	return line_of(fault, fault->warning ? ": warning: " : ": ");
}

void faults_print(const struct faults *f, FILE *out)
{
	for (size_t i = 0; i < f->n; i++) {
		char *line = fault_text(&f->list[i]);

		fprintf(out, "%s\n", line);
		free(line);
	}
}

void faults_log(const struct faults *f)
{
	for (size_t i = 0; i < f->n; i++) {
		char *line = line_of(&f->list[i], ": ");	/* the log says itself which are warnings */

		if (f->list[i].warning)
			log_warn(NULL, "%s", line);
		else
			log_error(NULL, "%s", line);
		free(line);
	}
}

void faults_free(struct faults *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].file);
		free(f->list[i].text);
	}
	free(f->list);
	f->list = NULL;
	f->n = f->errors = 0;
}
