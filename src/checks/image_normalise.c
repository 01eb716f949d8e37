/* Forms of image ids and what makes two of them the same.
 *
 * Contract: an id becomes a key and a scope. AWS ids are unique by themselves and compare exactly. Azure resource ids
 * compare without case and trailing slash; the subscription is the scope, because a registry may not know it (the
 * labels of a build name gallery, image and version only). Google's images are a name in a project; a registry often
 * has the bare name alone, and what a plan holds goes from a self link over projects/P/global/images/N to the name.
 * UUIDs compare without case. All else compares as it is.
 *
 * A scope that is not said agrees with every other: better a match too many than an image that is unknown because its
 * project is written in one place only. Two that are said must be equal: equal names in two projects are two images.
 *
 * Limits: no form is looked up anywhere, so a bare Google name stays "image or family" until the registry decides
 * it. */
#include "checks/image_normalise.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

#define SEGMENTS_MAX 24

/* A text cut at its slashes; a leading slash gives no segment. */
struct path {
	const char *at[SEGMENTS_MAX];
	size_t len[SEGMENTS_MAX];
	size_t n;
};

static bool cut(const char *text, struct path *p)
{
	p->n = 0;
	text += *text == '/';
	while (*text != '\0') {
		size_t len = strcspn(text, "/");

		if (p->n == SEGMENTS_MAX || len == 0)
			return false;
		p->at[p->n] = text;
		p->len[p->n++] = len;
		text += len;
		text += *text == '/';
	}
	return p->n > 0;
}

static bool is(const struct path *p, size_t i, const char *word)
{
	return i < p->n && strlen(word) == p->len[i] && strncasecmp(p->at[i], word, p->len[i]) == 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char *lowered(const char *s, size_t n)
{
	char *copy = xstrndup(s, n);

	for (size_t i = 0; i < n; i++)
		copy[i] = lower(copy[i]);
	return copy;
}

static bool is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") >= n;
}

static bool is_aws(const char *s, size_t len)
{
	static const char *const kinds[] = { "ami-", "snap-", "vol-" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i]);

		if (strncmp(s, kinds[i], n) == 0)
			return (len == n + 8 || len == n + 17) && is_hex(s + n, len - n);
	}
	return false;
}

static bool is_uuid(const char *s, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' :
			strchr("0123456789abcdefABCDEF", s[i]) == NULL)
			return false;
	}
	return true;
}

bool image_is_ulid(const char *text, size_t len)
{
	return len == 26 && text[0] >= '0' && text[0] <= '7' && strspn(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") >= 26;
}

static bool starts(const char *s, const char *prefix)
{
	return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_arm(const char *s)
{
	return starts(s, "/subscriptions/") || starts(s, "*/resourceGroups/") || starts(s, "/communityGalleries/") ||
		starts(s, "/sharedGalleries/");
}

/* What a resource id is of: [*] or [subscriptions S] resourceGroups G providers Microsoft.Compute ... */
static enum image_form arm_form(const struct path *p, size_t *version)
{
	size_t base = is(p, 0, "*") ? 1 : 2, at;

	*version = 0;
	if (is(p, 0, "communityGalleries") || is(p, 0, "sharedGalleries"))
		at = 0;
	else if (is(p, base, "resourceGroups") && is(p, base + 2, "providers") && is(p, base + 3, "Microsoft.Compute"))
		at = base + 4;
	else if (is(p, base, "providers") && is(p, base + 1, "Microsoft.Compute") && is(p, base + 4, "publishers"))
		return IMAGE_ARM_MARKET;
	else
		return IMAGE_ARM;
	if (at > 0 && !is(p, at, "galleries"))
		return IMAGE_ARM;
	if (!is(p, at + 2, "images"))
		return IMAGE_ARM;
	if (p->n == at + 4)
		return IMAGE_ARM_GALLERY;
	if (p->n == at + 6 && is(p, at + 4, "versions")) {
		*version = at + 4;
		return is(p, at + 5, "latest") ? IMAGE_ARM_GALLERY : IMAGE_ARM_VERSION;
	}
	return IMAGE_ARM;
}

static bool normalise_arm(const char *text, struct image_id *out)
{
	struct buf key = BUF_INIT(strlen(text) + 2);
	size_t version, first = 0;
	struct path p;

	if (!is_arm(text) || !cut(text, &p))
		return false;
	out->form = arm_form(&p, &version);
	out->strong = out->form != IMAGE_ARM || strcasestr(text, "/Microsoft.Compute/images/") != NULL;
	if (is(&p, 0, "subscriptions") && p.n > 2) {
		out->scope = lowered(p.at[1], p.len[1]);
		first = 2;
	} else if (is(&p, 0, "*")) {
		first = 1;
	}
	if (first > 0)
		buf_puts(&key, "*");
	for (size_t i = first; i < p.n; i++) {
		char *segment = lowered(p.at[i], p.len[i]);

		if (i == version && version > 0) {
			out->gallery_len = key.len;
			if (out->form == IMAGE_ARM_GALLERY)	/* .../versions/latest */
				i = p.n;
		}
		if (i < p.n)
			buf_printf(&key, "/%s", segment);
		free(segment);
	}
	out->key = xstrdup(buf_text(&key));
	buf_free(&key);
	return true;
}

char *image_market_name(const struct image_id *id)
{
	static const char *const words[] = { "publishers", "offers", "skus", "versions" };
	struct buf name = BUF_INIT(strlen(id->key) + 8);
	char *text;
	struct path p;

	if (cut(id->key, &p)) {
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
			for (size_t i = 0; i + 1 < p.n; i++) {
				if (is(&p, i, words[w]))
					buf_printf(&name, "%s%.*s", name.len > 0 ? ":" : "", (int)p.len[i + 1],
						p.at[i + 1]);
			}
		}
	}
	text = xstrdup(buf_text(&name));
	buf_free(&name);
	return text;
}

/* Where the path of a Google self link begins: behind https://www.googleapis.com/compute/v1/, or the text itself. */
static const char *gcp_path(const char *text)
{
	const char *at;

	if (!starts(text, "https://") && !starts(text, "http://"))
		return text;
	at = strstr(text, "/compute/");
	at = at != NULL ? strstr(at, "/projects/") : NULL;
	return at != NULL ? at + 1 : NULL;
}

static bool is_name(const struct path *p, size_t i)
{
	return strspn(p->at[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") >= p->len[i];
}

static void set_gcp(struct image_id *out, enum image_form form, const struct path *p, size_t project, size_t name)
{
	out->form = form;
	out->key = xasprintf("%s%.*s", form == IMAGE_GCP_FAMILY ? "gce-family/" : "gce/", (int)p->len[name],
		p->at[name]);
	if (project < p->n)
		out->scope = lowered(p->at[project], p->len[project]);
}

static bool normalise_gcp(const char *text, bool gcp, struct image_id *out)
{
	const char *path = gcp_path(text);
	size_t none = SEGMENTS_MAX, at = 0, project = none;
	struct path p;

	if (path == NULL || *path == '/' || !cut(path, &p))
		return false;
	if (is(&p, 0, "projects") && p.n > 2) {
		project = 1;
		at = 2;
		out->strong = true;
	}
	if (is(&p, at, "global") && (is(&p, at + 1, "images") || is(&p, at + 1, "machineImages"))) {
		if (p.n == at + 3)
			set_gcp(out, IMAGE_GCP, &p, project, at + 2);
		else if (p.n == at + 4 && is(&p, at + 2, "family"))
			set_gcp(out, IMAGE_GCP_FAMILY, &p, project, at + 3);
	} else if (gcp && project == none && p.n <= 2 && is_name(&p, 0) && is_name(&p, p.n - 1)) {
		if (p.n == 2 && is(&p, 0, "family"))
			set_gcp(out, IMAGE_GCP_FAMILY, &p, none, 1);
		else
			set_gcp(out, IMAGE_GCP_EITHER, &p, p.n == 2 ? 0 : none, p.n - 1);
	}
	if (out->key == NULL)
		out->strong = false;
	return out->key != NULL;
}

void image_normalise(const char *text, bool gcp, struct image_id *out)
{
	size_t len = strlen(text);

	memset(out, 0, sizeof(*out));
	if (is_aws(text, len)) {
		out->form = IMAGE_AWS;
		out->strong = true;
	} else if (is_uuid(text, len)) {
		out->form = IMAGE_UUID;
		out->strong = true;
		out->key = lowered(text, len);
	} else if (starts(text, "resolve:ssm:") || starts(text, "ssm:")) {
		out->form = IMAGE_LATER;
	} else if (!normalise_arm(text, out)) {
		normalise_gcp(text, gcp, out);
	}
	if (out->key == NULL)
		out->key = xstrdup(text);
}

void image_id_free(struct image_id *id)
{
	free(id->key);
	free(id->scope);
	memset(id, 0, sizeof(*id));
}

bool image_scopes_agree(const char *a, const char *b)
{
	return a == NULL || b == NULL || strcmp(a, b) == 0;
}

bool image_may_be_strong(const char *text, size_t len)
{
	if (len < 12 || len > 2048)
		return false;
	switch (text[0]) {
	case 'a':
	case 's':
	case 'v':
		if (is_aws(text, len))
			return true;
		break;
	case '/':
		return is_arm(text);
	case 'h':
		return starts(text, "https://") && strstr(text, "/compute/") != NULL;
	case 'p':
		return strncmp(text, "projects/", 9) == 0;
	default:
		break;
	}
	return is_uuid(text, len);
}
