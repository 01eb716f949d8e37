/*
 * The form of answers.
 *
 * Contract: an answer is data (struct http_out) until http_print turns it into the text of a CGI response (RFC 3875,
 * 6.2), which is what FastCGI carries as well. An error's body is one JSON:API error object,
 * {"errors":[{"status","title","detail"}]}, built by the JSON module, so that nothing a peer sent can break out of
 * it. A Content-Length is always given, also for an empty body: the web server then has nothing to guess, and a
 * connection to the client can be kept.
 *
 * What goes into details comes from us or is text that passed the strict JSON parser; the cut at invalid UTF-8 is for
 * a reason that was shortened in the middle of a character.
 *
 * Nothing here fails: running out of memory for an answer ends the process (base/mem.h), which costs this request
 * only, because a job is durable before it is answered.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "handler/http.h"

#define RETRY_AFTER_SECONDS 10
#define PRINT_MAX (64u << 10)

static const struct status {
	int code;
	const char *title;
} statuses[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 411, "Length Required" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 503, "Service Unavailable" },
};

static const char *title_of(int code)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].code == code)
			return statuses[i].title;
	return "Error";
}

void http_error(struct http_out *out, int status, const char *detail)
{
	json_t *document = json_new_object(), *list = json_new_array(), *error = json_new_object();
	char *code = xasprintf("%d", status);

	json_put_string(error, "status", code);
	json_put_string(error, "title", title_of(status));
	json_put(error, "detail", json_new_string_n(detail, text_utf8_valid(detail, strlen(detail))));
	json_add(list, error);
	json_put(document, "errors", list);

	http_out_free(out);
	out->status = status;
	out->retry_after = status == 503 ? RETRY_AFTER_SECONDS : 0;
	out->content_type = "application/vnd.api+json";
	out->body = json_text(document);
	json_free(document);
	free(code);
}

void http_print(const struct http_out *out, struct buf *text)
{
	const char *body = out->body ? out->body : "";

	text->max = PRINT_MAX;
	buf_printf(text, "Status: %d %s\r\n", out->status, title_of(out->status));
	if (out->allow)
		buf_printf(text, "Allow: %s\r\n", out->allow);
	if (out->retry_after)
		buf_printf(text, "Retry-After: %u\r\n", out->retry_after);
	if (out->content_type)
		buf_printf(text, "Content-Type: %s\r\n", out->content_type);
	buf_printf(text, "Content-Length: %zu\r\n\r\n", strlen(body));
	buf_puts(text, body);
}

void http_out_free(struct http_out *out)
{
	free(out->body);
	*out = (struct http_out){ 0 };
}
