/* Which entry of an index is meant: by name, by platform, or because there is no other. */
#include "base/error.h"
#include "base/str.h"
#include "runner/scan/layer/layer_stream.h"
#include "runner/scan/tree/tree_image.h"
#include <string.h>
#include <sys/utsname.h>

enum { ENTRIES_MAX = 10 * 1000, SHOWN_MAX = 20 };

struct platform {
	char os[32], arch[32], variant[32];
};

int tree_load_json(const char *what, const char *text, size_t length, json_t **out, pipe_error *err)
{
	json_error_t at;

	*out = json_loadb(text, length, 0, &at);
	if (!*out)
		return error_set(err, PIPE_EPIPELINE, "%s is no JSON: line %d: %s", what, at.line, at.text);
	if (json_is_object(*out))
		return PIPE_OK;
	json_decref(*out);
	*out = NULL;
	return error_set(err, PIPE_EPIPELINE, "%s is JSON, but no object", what);
}

const char *tree_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* ---- platforms ---- */

static const struct {
	const char *machine, *arch, *variant;
} machines[] = { { "x86_64", "amd64", "" }, { "aarch64", "arm64", "" },	  { "armv7l", "arm", "v7" },
		 { "armv6l", "arm", "v6" }, { "i686", "386", "" },	  { "ppc64le", "ppc64le", "" },
		 { "s390x", "s390x", "" },  { "riscv64", "riscv64", "" }, { "mips64", "mips64le", "" } };

static void copy(char out[32], const char *text, size_t length)
{
	length = length < 31 ? length : 31;
	memcpy(out, text, length);
	out[length] = '\0';
}

static void this_machine(struct platform *p)
{
	struct utsname u;

	copy(p->os, "linux", 5);
	for (size_t i = 0; uname(&u) == 0 && i < sizeof(machines) / sizeof(*machines); i++)
		if (!strcmp(u.machine, machines[i].machine)) {
			copy(p->arch, machines[i].arch, strlen(machines[i].arch));
			copy(p->variant, machines[i].variant, strlen(machines[i].variant));
		}
}

/* "os/arch[/variant]" */
static void parse_platform(const char *text, struct platform *p)
{
	char *const parts[] = { p->os, p->arch, p->variant };

	for (size_t i = 0; i < 3; i++) {
		size_t n = strcspn(text, "/");

		copy(parts[i], text, n);
		text += n + (text[n] == '/');
	}
}

static void wanted_platform(const struct tree_walk *w, struct platform *p)
{
	memset(p, 0, sizeof(*p));
	if (w->options->platform)
		parse_platform(w->options->platform, p);
	else
		this_machine(p);
}

int tree_platform_check(const struct tree_walk *w, pipe_error *err)
{
	struct platform p;

	wanted_platform(w, &p);
	if (!w->options->platform || !*w->image->os || (!strcmp(p.os, w->image->os) && !strcmp(p.arch, w->image->architecture)))
		return PIPE_OK;
	return error_set(err, PIPE_ENOTFOUND, "%s is an image for %.60s/%.60s, not for %s", w->target, w->image->os,
			 w->image->architecture, w->options->platform);
}

/* ---- entries ---- */

static bool is_manifest(const json_t *entry)
{
	static const char *const types[] = { "application/vnd.oci.image.manifest.v1+json",
					     "application/vnd.oci.image.index.v1+json",
					     "application/vnd.docker.distribution.manifest.v2+json",
					     "application/vnd.docker.distribution.manifest.list.v2+json" };
	const char *type = tree_json_text(entry, "mediaType");

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return !*type;
}

/* Attestations and signatures lie beside images. */
static bool is_image(const json_t *entry)
{
	return json_is_object(entry) && is_manifest(entry) && !*tree_json_text(entry, "artifactType") &&
	       strcmp(tree_json_text(json_object_get(entry, "platform"), "os"), "unknown") != 0 &&
	       !*tree_json_text(json_object_get(entry, "annotations"), "vnd.docker.reference.type");
}

static const char *name_of(const json_t *entry)
{
	const json_t *annotations = json_object_get(entry, "annotations");
	const char *name = tree_json_text(annotations, "io.containerd.image.name");

	return *name ? name : tree_json_text(annotations, "org.opencontainers.image.ref.name");
}

static bool is_named(const json_t *entry, const char *name)
{
	return !strcmp(tree_json_text(entry, "digest"), name) || !strcmp(name_of(entry), name) ||
	       !strcmp(tree_json_text(json_object_get(entry, "annotations"), "org.opencontainers.image.ref.name"), name);
}

enum fit { FITS_NOT, FITS_UNKNOWN, FITS, FITS_EXACTLY };

static enum fit fit_of(const json_t *entry, const struct platform *p)
{
	const json_t *platform = json_object_get(entry, "platform");
	const char *variant = tree_json_text(platform, "variant");

	if (!json_is_object(platform))
		return FITS_UNKNOWN;
	if (strcmp(tree_json_text(platform, "os"), p->os) != 0 || strcmp(tree_json_text(platform, "architecture"), p->arch) != 0)
		return FITS_NOT;
	if (!strcmp(variant, p->variant))
		return FITS_EXACTLY;
	return *p->variant && *variant ? FITS_NOT : FITS;
}

static void show_entries(const json_t *list, const char *name, struct str *out)
{
	const json_t *entry;
	size_t i, shown = 0;

	json_array_foreach(list, i, entry)
	{
		const json_t *p = json_object_get(entry, "platform");

		if (!is_image(entry) || (name && !is_named(entry, name)) || shown++ >= SHOWN_MAX)
			continue;
		if (*name_of(entry))
			str_printf(out, "%s%.80s", out->length ? ", " : "", name_of(entry));
		else if (p)
			str_printf(out, "%s%.30s/%.30s%s%.30s", out->length ? ", " : "", tree_json_text(p, "os"),
				   tree_json_text(p, "architecture"), *tree_json_text(p, "variant") ? "/" : "",
				   tree_json_text(p, "variant"));
		else
			str_printf(out, "%s%.71s", out->length ? ", " : "", tree_json_text(entry, "digest"));
	}
	if (shown > SHOWN_MAX)
		str_adds(out, ", ...");
}

static int no_choice(const struct tree_walk *w, const char *what, const json_t *list, const char *name, size_t images,
		     pipe_error *err)
{
	struct str shown;
	int rc;

	str_init(&shown);
	show_entries(list, images ? name : NULL, &shown);
	if (!images && name)
		rc = error_set(err, PIPE_ENOTFOUND, "%s holds no image \"%.100s\"; there are: %s", what, name, shown.data);
	else if (!images)
		rc = error_set(err, PIPE_EPIPELINE, "%s names no image", what);
	else if (w->options->platform)
		rc = error_set(err, PIPE_ENOTFOUND, "%s holds no image for %s, or more than one; there are: %s", what,
			       w->options->platform, shown.data);
	else
		rc = error_set(
			err, PIPE_EUSAGE,
			"%s holds %zu images, and none of them, or more than one, is for this machine: choose by platform, or "
			"write NAME or the digest behind the path (PATH:NAME, PATH@DIGEST); there are: %s",
			what, images, shown.data);
	str_clear(&shown);
	return rc;
}

int tree_index_choose(struct tree_walk *w, const char *what, bool top, const json_t *index, const json_t **out, pipe_error *err)
{
	const json_t *list = json_object_get(index, "manifests"), *entry, *only = NULL;
	const char *name = top ? w->name : NULL;
	size_t i, images = 0, best_count = 0;
	enum fit best = FITS_NOT;
	struct platform p;

	*out = NULL;
	wanted_platform(w, &p);
	if (json_array_size(list) > ENTRIES_MAX)
		return error_set(err, PIPE_ELIMIT, "%s has more than %d entries", what, ENTRIES_MAX);
	json_array_foreach(list, i, entry)
	{
		enum fit fit;

		/* One image may have several names. */
		if (!is_image(entry) || (name && !is_named(entry, name)) ||
		    (only && !strcmp(tree_json_text(only, "digest"), tree_json_text(entry, "digest"))))
			continue;
		images++;
		only = entry;
		fit = fit_of(entry, &p);
		if (fit > best) {
			best = fit;
			best_count = 0;
			*out = entry;
		}
		best_count += fit == best;
	}
	/* Of one image there may be several for a platform (versions of Windows): the first, as docker has it. */
	if (best >= FITS ? best_count > 1 && top : best_count > 1 || best == FITS_NOT)
		*out = images == 1 && !w->options->platform ? only : NULL;
	if (!*out)
		return no_choice(w, what, list, name, images, err);
	return layer_digest_check(tree_json_text(*out, "digest"), what, err);
}
