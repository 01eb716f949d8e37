/*
 * The script of tests/sender: finding the line for a job and what is asked, and in it the answer whose turn it is. sender.c says
 * what a script looks like.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "sender_script.h"

char *script_value(const struct answer *a, const char *key)
{
	size_t len = strlen(key);

	for (const char *word = a->text; word != NULL; word = strchr(word, ' ')) {
		word += strspn(word, " ");
		if (strncmp(word, key, len) == 0 && word[len] == '=')
			return xstrndup(word + len + 1, strcspn(word + len + 1, " "));
	}
	return NULL;
}

size_t script_number(const struct answer *a, const char *key)
{
	char *text = script_value(a, key);
	size_t n = text == NULL ? SIZE_MAX : strtoul(text, NULL, 10);

	free(text);
	return n;
}

/* The rest of the script's line for job and what; NULL if there is none. */
static char *script_line(char *script, const char *job, const char *what)
{
	size_t job_len = strlen(job), what_len = strlen(what);
	char *rest = NULL;

	for (char *line = strtok_r(script, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, job, job_len) == 0 && line[job_len] == ' ' &&
		    strncmp(line + job_len + 1, what, what_len) == 0 && line[job_len + 1 + what_len] == ' ')
			return line + job_len + what_len + 2;
	return NULL;
}

struct answer script_answer(int directory, const char *job, const char *what, unsigned turn)
{
	struct buf script = BUF_INIT(1u << 20);
	struct answer a = { NULL, 200 };
	char *line = NULL, *comma;

	if (fsio_read_file(directory, "script", &script) == 0 && script.len > 0)
		line = script_line(script.data, job, what);
	while (line != NULL && turn-- > 0 && (comma = strchr(line, ',')) != NULL)
		line = comma + 1;
	if (line != NULL) {
		line += strspn(line, " ");
		a.text = xstrndup(line, strcspn(line, ","));
		a.status = (int)strtol(a.text, NULL, 10);
	} else {
		a.text = xstrdup("200");
	}
	buf_free(&script);
	return a;
}
