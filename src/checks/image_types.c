/* Resource types that take a machine image, and where.
 *
 * The rows are the list that HashiCorp's hosted run task documents, and those that it leaves out although they start
 * machines from images: instance templates of Google, scale sets and pools of Azure, spot fleets. More come from the
 * configuration. Types that inherit an image from a launch template have none: the template has.
 *
 * A path names attributes; [] stands behind lists and sets of blocks, where every element counts. An object in place of
 * a list is taken as its only element. Places that are null, empty or absent hold no image. One that is not known until
 * apply is reported as such, except where another attribute explains it: an instance whose launch template has the
 * image computes its own ami.
 *
 * Limits: STEPS_MAX names in a path. */
#include "checks/image_types.h"

#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/mem.h"

#define STEPS_MAX 12	/* names in a path */

#define AWS(t, p, ...) { .type = (t), .path = (p), .kind = ROW_ID, __VA_ARGS__ }
#define GOOGLE(t, p, ...) { .type = (t), .path = (p), .kind = ROW_GOOGLE, __VA_ARGS__ }
#define AZURE(t, p, ...) { .type = (t), .path = (p), .kind = ROW_ID, __VA_ARGS__ }
#define MARKET(t, p, ...) { .type = (t), .path = (p), .kind = ROW_MARKET, __VA_ARGS__ }
#define OTHER(t, p, ...) { .type = (t), .path = (p), .kind = ROW_ID, __VA_ARGS__ }

static const struct image_row known[] = {
	AWS("aws_instance", "ami", .instead = "launch_template"),
	AWS("aws_spot_instance_request", "ami", .instead = "launch_template"),
	AWS("aws_launch_template", "image_id"),
	AWS("aws_launch_configuration", "image_id"),
	AWS("aws_ami_launch_permission", "image_id"),
	AWS("aws_emr_cluster", "custom_ami_id"),
	AWS("aws_batch_compute_environment", "compute_resources[].image_id"),
	AWS("aws_batch_compute_environment", "compute_resources[].ec2_configuration[].image_id_override"),
	AWS("aws_spot_fleet_request", "launch_specification[].ami"),
	AWS("aws_ami_copy", "source_ami_id"),
	AWS("aws_imagebuilder_image_recipe", "parent_image"),
	AZURE("azurerm_linux_virtual_machine", "source_image_id"),
	AZURE("azurerm_windows_virtual_machine", "source_image_id"),
	AZURE("azurerm_linux_virtual_machine_scale_set", "source_image_id"),
	AZURE("azurerm_windows_virtual_machine_scale_set", "source_image_id"),
	AZURE("azurerm_orchestrated_virtual_machine_scale_set", "source_image_id"),
	AZURE("azurerm_virtual_machine", "storage_image_reference[].id"),
	AZURE("azurerm_virtual_machine", "storage_os_disk[].image_uri"),
	AZURE("azurerm_virtual_machine_scale_set", "storage_profile_image_reference[].id"),
	AZURE("azurerm_virtual_machine_scale_set", "storage_profile_os_disk[].image"),
	AZURE("azurerm_managed_disk", "gallery_image_reference_id"),
	AZURE("azurerm_managed_disk", "image_reference_id"),
	AZURE("azurerm_batch_pool", "storage_image_reference[].id"),
	MARKET("azurerm_linux_virtual_machine", "source_image_reference[]"),
	MARKET("azurerm_windows_virtual_machine", "source_image_reference[]"),
	MARKET("azurerm_linux_virtual_machine_scale_set", "source_image_reference[]"),
	MARKET("azurerm_windows_virtual_machine_scale_set", "source_image_reference[]"),
	MARKET("azurerm_orchestrated_virtual_machine_scale_set", "source_image_reference[]"),
	MARKET("azurerm_virtual_machine", "storage_image_reference[]"),
	MARKET("azurerm_virtual_machine_scale_set", "storage_profile_image_reference[]"),
	MARKET("azurerm_batch_pool", "storage_image_reference[]"),
	GOOGLE("google_compute_instance", "boot_disk[].initialize_params[].image", .instead = "boot_disk[].source"),
	GOOGLE("google_compute_disk", "image"),
	GOOGLE("google_compute_region_disk", "image"),
	GOOGLE("google_compute_image_iam_binding", "image"),
	GOOGLE("google_compute_image_iam_member", "image"),
	GOOGLE("google_compute_image_iam_policy", "image"),
	GOOGLE("google_compute_machine_image_iam_binding", "machine_image"),
	GOOGLE("google_compute_machine_image_iam_member", "machine_image"),
	GOOGLE("google_compute_machine_image_iam_policy", "machine_image"),
	GOOGLE("google_compute_instance_template", "disk[].source_image", .instead = "disk[].source"),
	GOOGLE("google_compute_region_instance_template", "disk[].source_image", .instead = "disk[].source"),
	GOOGLE("google_compute_instance_from_machine_image", "source_machine_image"),
	{ .type = "vsphere_virtual_machine", .path = "clone[].template_uuid", .kind = ROW_VSPHERE },
	OTHER("openstack_compute_instance_v2", "image_id", .instead = "image_name"),
	OTHER("openstack_compute_instance_v2", "image_name", .instead = "image_id", .unless = "image_id"),
	OTHER("openstack_compute_instance_v2", "block_device[].uuid", .when = "source_type=image"),
	OTHER("openstack_blockstorage_volume_v3", "image_id"),
	OTHER("digitalocean_droplet", "image"),
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

void image_types_init(struct image_types *t)
{
	memset(t, 0, sizeof(*t));
	t->rows = xcalloc(KNOWN, sizeof(*t->rows));
	memcpy(t->rows, known, sizeof(known));
	t->count = KNOWN;
}

void image_types_free(struct image_types *t)
{
	for (size_t i = 0; i < t->text_count; i++)
		free(t->texts[i]);
	free(t->texts);
	free(t->rows);
	memset(t, 0, sizeof(*t));
}

static const char *keep(struct image_types *t, const char *s)
{
	t->texts = xreallocarray(t->texts, t->text_count + 1, sizeof(*t->texts));
	t->texts[t->text_count] = xstrdup(s);
	return t->texts[t->text_count++];
}

/* Names of letters, digits, _ and -, each maybe with [] behind, dots between. */
static bool path_usable(const char *path)
{
	size_t steps = 0;

	for (;;) {
		size_t n = strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

		if (n == 0 || ++steps > STEPS_MAX)
			return false;
		path += n;
		if (strncmp(path, "[]", 2) == 0)
			path += 2;
		if (*path == '\0')
			return true;
		if (*path++ != '.')
			return false;
	}
}

void image_types_read(struct image_types *t, const struct doc_node *node, const char *file, struct faults *faults)
{
	if (node->kind != DOC_MAPPING) {
		faults_error(faults, file, node->line, "types: takes a mapping from resource types to lists of paths");
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		char **paths = NULL;
		size_t n = 0;
		const char *type;

		if (config_texts(node->items[i], file, node->keys[i]->text, faults, &paths, &n) != 0)
			continue;
		type = keep(t, node->keys[i]->text);
		for (size_t k = 0; k < n; k++) {
			if (!path_usable(paths[k])) {
				faults_error(faults, file, node->items[i]->line,
					"types: %s: '%s' is no path: names with dots between, [] behind lists", type,
					paths[k]);
			} else {
				t->rows = xreallocarray(t->rows, t->count + 1, sizeof(*t->rows));
				t->rows[t->count++] = (struct image_row){ .type = type, .path = keep(t, paths[k]),
					.kind = strncmp(type, "google_", 7) == 0 ? ROW_GOOGLE : ROW_ID };
			}
			free(paths[k]);
		}
		free(paths);
	}
}

static int by_type(const void *a, const void *b)
{
	const struct image_row *x = a, *y = b;
	int c = strcmp(x->type, y->type);

	return c != 0 ? c : strcmp(x->path, y->path);
}

void image_types_sort(struct image_types *t)
{
	size_t n = 0;

	qsort(t->rows, t->count, sizeof(*t->rows), by_type);
	for (size_t i = 0; i < t->count; i++) {
		if (n == 0 || by_type(&t->rows[n - 1], &t->rows[i]) != 0)
			t->rows[n++] = t->rows[i];
	}
	t->count = n;
}

const struct image_row *image_types_find(const struct image_types *t, const char *type, size_t *n)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(t->rows[middle].type, type) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*n = 0;
	while (low + *n < t->count && strcmp(t->rows[low + *n].type, type) == 0)
		(*n)++;
	return *n > 0 ? &t->rows[low] : NULL;
}

/* A place in the values of a resource, with what the masks say of it. */
struct spot {
	const struct value *v, *unknown, *sensitive;
};

struct walk {
	const struct image_row *row;
	bool explained;		/* places that are not known say nothing */
	image_found_fn *found;
	void *context;
};

static bool has_text(const struct value *object, const char *key)
{
	size_t len;

	return value_text(value_get(object, key), &len) != NULL && len > 0;
}

/* Whether beside, the object around the place, has what the row asks for. */
static bool condition(const char *when, const struct value *beside)
{
	const char *equals = when != NULL ? strchr(when, '=') : NULL;

	return equals == NULL || value_is(value_get_n(beside, when, (size_t)(equals - when)), equals + 1);
}

static void at_end(const struct walk *w, const struct spot *at, const struct value *beside)
{
	struct image_place place = { at->v, value_any_true(at->sensitive) };
	size_t len;
	const char *s = value_text(at->v, &len);

	if (!condition(w->row->when, beside))
		return;
	if (w->row->kind == ROW_MARKET) {
		if (value_type(at->v) != VALUE_OBJECT || !has_text(at->v, "publisher") || has_text(at->v, "id"))
			return;
	} else if (value_bool(at->unknown)) {
		if (w->explained)
			return;
		place.value = NULL;
	} else if (s == NULL || len == 0 || strlen(s) != len) {
		return;
	}
	w->found(w->context, w->row, &place);
}

static void walk(const struct walk *w, const char *path, const struct spot *at, const struct value *beside);

/* A mask that is true for something above says it of all that is below. */
static const struct value *into(const struct value *mask, const char *key, size_t n)
{
	return value_bool(mask) ? mask : value_get_n(mask, key, n);
}

static const struct value *first(const struct value *mask)
{
	return value_bool(mask) ? mask : value_type(mask) == VALUE_ARRAY ? value_first(mask) : NULL;
}

static const struct value *next(const struct value *mask, const struct value *element)
{
	return value_bool(mask) ? mask : value_next(element);
}

/* Behind a name with []: each element; an object counts as the only one. */
static void walk_list(const struct walk *w, const char *rest, const struct spot *list)
{
	struct spot at = { value_first(list->v), first(list->unknown), first(list->sensitive) };

	if (value_type(list->v) == VALUE_OBJECT || (value_bool(list->unknown) && value_type(list->v) != VALUE_ARRAY)) {
		walk(w, rest, list, list->v);
		return;
	}
	if (value_type(list->v) != VALUE_ARRAY)
		at.v = NULL;
	while (at.v != NULL || (at.unknown != NULL && !value_bool(list->unknown))) {
		walk(w, rest, &at, at.v);
		at.v = value_next(at.v);
		at.unknown = next(list->unknown, at.unknown);
		at.sensitive = next(list->sensitive, at.sensitive);
	}
}

/* path is "" or begins with a name. */
static void walk(const struct walk *w, const char *path, const struct spot *at, const struct value *beside)
{
	size_t n = strcspn(path, ".[");
	const char *rest = path + n;
	bool list = strncmp(rest, "[]", 2) == 0;
	struct spot below;

	if (*path == '\0') {
		at_end(w, at, beside);
		return;
	}
	rest += list ? 2 : 0;
	rest += *rest == '.';
	below = (struct spot){ value_get_n(at->v, path, n), into(at->unknown, path, n), into(at->sensitive, path, n) };
	if (list)
		walk_list(w, rest, &below);
	else
		walk(w, rest, &below, at->v);
}

static void note(void *context, const struct image_row *row, const struct image_place *place)
{
	(void)row;
	*(bool *)context = *(bool *)context || place->value != NULL;
}

/* Whether the values have something at a path: a text, or a block or list that is not empty. */
static bool has_value(const char *path, const struct value *after)
{
	const struct image_row row = { .path = path, .kind = ROW_ID };
	const struct spot root = { after, NULL, NULL };
	bool has = value_count(value_get(after, path)) > 0;
	const struct walk w = { .row = &row, .found = note, .context = &has };

	if (!has)
		walk(&w, path, &root, after);
	return has;
}

void image_row_walk(const struct image_row *row, const struct value *after, const struct value *unknown,
	const struct value *sensitive, image_found_fn *found, void *context)
{
	struct walk w = { .row = row, .found = found, .context = context };
	const struct spot root = { after, unknown, sensitive };

	if (row->unless != NULL && has_value(row->unless, after))
		return;
	w.explained = row->instead != NULL && has_value(row->instead, after);
	walk(&w, row->path, &root, after);
}
