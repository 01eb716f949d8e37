/* A stand-in for HCP Packer's API 2023-01-01, for tests of planspool images sync. What it does is chosen by the project
 * in the path:
 *
 *	full	pages (with a token that must be escaped), builds nested and not, a version that is gone, a channel
 *		that the key may not see
 *	expire	as full; each token is good for three requests
 *	limit	as full; of each path the first answer is 429, the second 503
 *	broken	as full, but one bucket's versions are always 500
 *	denied	403 on everything
 *	endless	a page that leads to itself
 *	empty	no buckets
 *
 * Usage: packer_api CLIENT-ID CLIENT-SECRET. Prints its port, then a line for each request: method, path, status. Runs
 * until it is killed. Everything is in one thread. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

#define PAGE_TOKEN "a+b/c=&d e%2F"
#define PATHS 64

struct api {
	const char *id, *secret;
	unsigned tokens;		/* given so far: the last one is token-N */
	unsigned used;			/* requests with the last token */
	struct { char *path; unsigned n; } seen[PATHS];	/* of project limit */
};

struct answer {
	unsigned status;
	const char *body;
};

#define STATUS(code, message) "{\"code\":" code ",\"message\":\"" message "\",\"details\":[]}"

static const struct {
	const char *path, *page, *body;	/* page NULL: any */
} full[] = {
	{ "/buckets", "",
		"{\"buckets\":[{\"id\":\"01B1\",\"name\":\"ubuntu\",\"version_count\":\"4\",\"latest_version\":"
		"{\"fingerprint\":\"F10\",\"name\":\"v10\"}}],\"pagination\":{\"next_page_token\":\"a+b/c=&d "
		"e%2F\"}}" },
	{ "/buckets", PAGE_TOKEN,
	"{\"buckets\":[{\"id\":\"01B2\",\"name\":\"deb.ian\",\"latest_version\":null}],\"pagination\":{}}" },
	{ "/buckets/ubuntu/versions", "",
	"{\"versions\":[{\"id\":\"01V9\",\"name\":\"v9\",\"fingerprint\":\"F9\",\"bucket_name\":\"ubuntu\","
		"\"status\":\"VERSION_REVOKED\",\"created_at\":\"2019-05-01T00:00:00.123456789Z\",\"revoke_at\":\"2020-"
		"01-01T00:00:00.5Z\","
		"\"revocation_message\":\"CVE\",\"revocation_author\":\"jane\",\"revocation_type\":\"INHERITED\",\"revo"
		"cation_inherited_from\":"
		"{\"bucket_name\":\"base\",\"version_name\":\"v2\",\"href\":\"x\"},\"builds\":[{\"id\":\"01BB\",\"compo"
		"nent_type\":"
		"\"amazon-ebs.u\",\"platform\":\"aws\",\"status\":\"BUILD_DONE\",\"labels\":{},\"artifacts\":[{\"id\""
		":\"1\","
		"\"external_identifier\":\"ami-00000009\",\"region\":\"us-east-1\",\"created_at\":\"2019-05-01T00:00:00"
		"Z\"}]}]},"
		"{\"id\":\"01V0\",\"name\":\"v0\",\"fingerprint\":\"F0\",\"status\":\"VERSION_RUNNING\",\"revoke_at\":n"
		"ull,\"builds\":[]}],"
		"\"pagination\":{\"next_page_token\":\"2\"}}" },
	{ "/buckets/ubuntu/versions", "2",
	"{\"versions\":[{\"name\":\"v0\",\"fingerprint\":\"F0\",\"status\":\"VERSION_RUNNING\"},{\"id\":\"01V10\",\"nam"
	"e\":\"v10\",\"fingerprint\":\"F10\","
		"\"status\":\"VERSION_ACTIVE\",\"created_at\":\"2019-06-01T00:00:00Z\",\"revoke_at\":\"0001-01-01T00:00"
		":00.000Z\"},"
		"{\"name\":\"v8\",\"fingerprint\":\"F8 "
		"gone\",\"status\":\"VERSION_ACTIVE\",\"builds\":[]}],\"pagination\":{}}" },
	{ "/buckets/ubuntu/versions/F10/builds", NULL,
	"{\"builds\":[{\"platform\":\"aws\",\"artifacts\":[{\"external_identifier\":"
		"\"ami-00000010\",\"region\":\"us-east-1\"}]}],\"pagination\":{}}" },
	{ "/buckets/ubuntu/channels", NULL,
	"{\"channels\":[{\"name\":\"production\",\"version\":{\"fingerprint\":\"F10\"}},"
		"{\"name\":\"unused\",\"version\":null}]}" },
	{ "/buckets/deb.ian/versions", "", "{\"versions\":[{\"name\":\"v1\",\"fingerprint\":\"D1\",\"status\":"
		"\"VERSION_REVOCATION_SCHEDULED\",\"revoke_at\":\"2099-01-01T00:00:00.000000Z\",\"builds\":[{\"platfor"
		"m\":\"gce\",\"labels\":"
		"{\"self_link\":\"https://www.googleapis.com/compute/v1/projects/one/global/images/deb-1\",\"project_i"
		"d\":\"one\"},"
		"\"artifacts\":[{\"external_identifier\":\"deb-1\",\"region\":\"europe-west1-b\"}]},{\"platform\":\"azu"
		"re\",\"labels\":"
		"{\"sig_resource_group\":\"rg\",\"sig_name\":\"gal\",\"sig_image_name\":\"win\",\"sig_image_version\""
		":\"1.0.0\"},"
		"\"artifacts\":[{\"external_identifier\":\"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compu"
		"te/images/win\","
		"\"region\":\"West Europe\"}]}]}],\"pagination\":{}}" },
	{ "/buckets/deb.ian/channels", NULL, "{\"channels\":[]}" },
	{ "/runtasks/config", NULL, "{\"on_untracked_image\":\"FAIL\"}" },
};

static struct answer answer_full(const char *path, const char *page)
{
	for (size_t i = 0; i < sizeof(full) / sizeof(full[0]); i++) {
		if (strcmp(full[i].path, path) == 0 && (full[i].page == NULL || strcmp(full[i].page, page) == 0))
			return (struct answer){ 200, full[i].body };
	}
	/* The live service says so of a version that is not there. */
	if (strstr(path, "/versions/") != NULL)
		return (struct answer){ 409, STATUS("10", "no such version") };
	return (struct answer){ 404, STATUS("5", "not found") };
}

/* How often this path came before. */
static unsigned times(struct api *a, const char *path, const char *page)
{
	char *whole = xasprintf("%s?%s", path, page);

	for (size_t i = 0; i < PATHS; i++) {
		if (a->seen[i].path == NULL)
			a->seen[i].path = xstrdup(whole);
		if (strcmp(a->seen[i].path, whole) == 0) {
			free(whole);
			return a->seen[i].n++;
		}
	}
	log_panic("too many paths");
}

static bool is_token(const struct api *a, const char *authorization)
{
	char expected[40];

	snprintf(expected, sizeof(expected), "Bearer token-%u", a->tokens);
	return authorization != NULL && strcmp(authorization, expected) == 0;
}

static struct answer answer_api(struct api *a, const char *url, const char *page, const char *authorization)
{
	static const char prefix[] = "/packer/2023-01-01/organizations/acme/projects/";
	const char *project = url + strlen(prefix), *path;
	size_t n;

	if (strncmp(url, prefix, strlen(prefix)) != 0 || (path = strchr(project, '/')) == NULL)
		return (struct answer){ 404, STATUS("5", "not found") };
	n = (size_t)(path - project);
	if (!is_token(a, authorization) || (strncmp(project, "expire", n) == 0 && a->used++ >= 3))
		return (struct answer){ 401, STATUS("16", "the token is not good") };
	if (strncmp(project, "denied", n) == 0)
		return (struct answer){ 403, STATUS("7", "not for you") };
	if (strncmp(project, "empty", n) == 0)
		return (struct answer){ 200, "{\"buckets\":[],\"pagination\":{}}" };
	if (strncmp(project, "endless", n) == 0)
		return (struct answer){ 200, "{\"buckets\":[],\"pagination\":{\"next_page_token\":\"same\"}}" };
	if (strncmp(project, "broken", n) == 0 && strcmp(path, "/buckets/deb.ian/versions") == 0)
		return (struct answer){ 500, STATUS("13", "out of order") };
	if (strncmp(project, "limit", n) == 0) {
		unsigned before = times(a, path, page);

		if (before < 2)
			return (struct answer){ before == 0 ? 429 : 503, STATUS("8", "slowly") };
	}
	return answer_full(path, page);
}

/* The fields of a form, as name=value lines, unescaped. */
static char *fields(const char *form)
{
	struct buf out = BUF_INIT(65536);
	char *text;

	for (; *form != '\0'; form++) {
		unsigned byte;

		if (*form == '&') {
			buf_puts(&out, "\n");
		} else if (*form == '%' && sscanf(form + 1, "%2x", &byte) == 1) {
			buf_printf(&out, "%c", (char)byte);
			form += 2;
		} else {
			buf_printf(&out, "%c", *form == '+' ? ' ' : *form);
		}
	}
	text = xstrdup(buf_text(&out));
	buf_free(&out);
	return text;
}

static char *answer_token(struct api *a, const char *form, unsigned *status)
{
	char *got = fields(form),
		*expected = xasprintf("grant_type=client_credentials\nclient_id=%s\nclient_secret=%s\n"
		"audience=https://api.hashicorp.cloud", a->id, a->secret);
	bool right = strcmp(got, expected) == 0;

	free(got);
	free(expected);
	*status = right ? 200 : 401;
	if (!right)
		return xstrdup("{\"error\":\"access_denied\",\"error_description\":\"Unauthorized\"}");
	a->used = 0;
	return xasprintf("{\"access_token\":\"token-%u\",\"expires_in\":3600,\"token_type\":\"Bearer\"}", ++a->tokens);
}

static enum MHD_Result serve(void *context, struct MHD_Connection *c, const char *url, const char *method,
	const char *version,
	const char *data, size_t *len, void **state)
{
	struct api *a = context;
	struct buf *body = *state;
	struct MHD_Response *r;
	unsigned status;
	char *text;
	enum MHD_Result done;

	(void)version;
	if (body == NULL) {
		*state = body = xcalloc(1, sizeof(*body));
		body->max = 65536;
		return MHD_YES;
	}
	if (*len > 0) {
		done = buf_append(body, data, *len) == 0 ? MHD_YES : MHD_NO;
		*len = 0;
		return done;
	}
	if (strcmp(url, "/oauth2/token") == 0) {
		text = answer_token(a, buf_text(body), &status);
	} else {
		const char *page = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "pagination.next_page_token");
		struct answer given = answer_api(a, url, page != NULL ? page : "",
			MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization"));

		status = given.status;
		text = xstrdup(given.body);
	}
	printf("%s %s %u\n", method, url, status);
	fflush(stdout);
	buf_free(body);
	free(body);
	r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (status == 429 || status >= 500)
		MHD_add_response_header(r, "Retry-After", "0");
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct api a = { .tokens = 0 };
	struct MHD_Daemon *daemon;

	log_open("packer_api");
	if (argc != 3)
		log_panic("usage: packer_api CLIENT-ID CLIENT-SECRET");
	a.id = argv[1];
	a.secret = argv[2];
	daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, &a, MHD_OPTION_SOCK_ADDR,
		&address,
		MHD_OPTION_END);
	if (daemon == NULL)
		log_panic("no server");
	printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	for (;;)
		pause();
}
