/*
 * Packages of distributions.  What differs between families is a row of a table: whether advisories name source or binary packages,
 * whose versions they compare, whether "no mended version" means "all are affected", and which packages cannot be compared.
 */
#include "stages/scanner/match/match_rules.h"

#include <string.h>
#include <strings.h>

static const struct match_family families[] = {
	{ .name = "alma", .strip_epoch = true, .streams = true },
	{ .name = "alpine", .by_source = true, .source_version = true, .unfixed = true },
	{ .name = "amazon" },
	{ .name = "azurelinux", .by_source = true, .source_version = true, .unfixed = true, .strip_epoch = true },
	{ .name = "bottlerocket", .no_data = true },
	{ .name = "cbl-mariner", .by_source = true, .source_version = true, .unfixed = true, .strip_epoch = true },
	{ .name = "centos",
	  .unfixed = true,
	  .latest = true,
	  .strip_epoch = true,
	  .streams = true,
	  .severity_of = "redhat",
	  .always_severity = true },
	{ .name = "chainguard", .by_source = true },
	{ .name = "coreos", .no_data = true },
	{ .name = "debian", .by_source = true, .source_version = true, .unfixed = true, .severity_of = "debian" },
	{ .name = "echo", .by_source = true, .source_version = true, .unfixed = true, .severity_of = "echo" },
	{ .name = "minimos", .by_source = true },
	{ .name = "opensuse" },
	{ .name = "opensuse-leap" },
	{ .name = "opensuse-tumbleweed" },
	{ .name = "oracle", .strict_arch = true },
	{ .name = "photon", .by_source = true },
	{ .name = "redhat",
	  .unfixed = true,
	  .latest = true,
	  .strip_epoch = true,
	  .streams = true,
	  .severity_of = "redhat",
	  .always_severity = true },
	{ .name = "rocky", .strip_epoch = true, .no_streams = true, .strict_arch = true },
	{ .name = "slem" },
	{ .name = "sles" },
	{ .name = "ubuntu", .by_source = true, .source_version = true, .unfixed = true },
	{ .name = "wolfi", .by_source = true },
};

const struct match_family *match_family_of(const char *family)
{
	for (size_t i = 0; family && i < sizeof(families) / sizeof(*families); i++)
		if (!strcmp(families[i].name, family))
			return &families[i];
	return NULL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), n = strlen(end);

	return length >= n && !strcasecmp(text + length - n, end);
}

static bool has_label(const struct scan_package *p)
{
	const char *first = p->module ? strchr(p->module, ':') : NULL;

	return first && strchr(first + 1, ':');
}

/* gpg-pubkey is a key, and its version none; Remi's builds are not those that Red Hat's advisories are about. */
enum match_skip match_skips(const struct match_family *f, const struct scan_package *p)
{
	if (!strcmp(p->name, "gpg-pubkey"))
		return MATCH_NOT_A_PACKAGE;
	if (f->latest && ends_with(p->version, ".remi"))
		return MATCH_NOT_A_PACKAGE;
	if (f->no_streams && p->modular)
		return MATCH_MODULAR;
	if (f->streams && !has_label(p) && (p->modular || strstr(p->version, ".module_el")))
		return MATCH_MODULAR;
	return MATCH_LOOKED_UP;
}

static const char *first(const char *text, const char *otherwise)
{
	return text && *text ? text : otherwise;
}

const char *match_os_name(const struct match_family *f, const struct scan_package *p, struct arena *a)
{
	if (f->streams && has_label(p)) {
		const char *stream = strchr(p->module, ':') + 1;

		return arena_printf(a, "%.*s::%s", (int)(stream - p->module + (ptrdiff_t)strcspn(stream, ":")), p->module,
				    p->name);
	}
	return f->by_source ? first(p->source_name, p->name) : p->name;
}

const char *match_os_version(const struct match_family *f, const struct scan_package *p)
{
	return f->source_version ? first(p->source_version, p->version) : p->version;
}

static bool lists(const char *const *texts, const char *text)
{
	for (; *texts; texts++)
		if (!strcmp(*texts, text))
			return true;
	return false;
}

/* Oracle builds some packages a second and a third time, with versions that say nothing about the others. */
static int flavour(const char *version)
{
	if (ends_with(version, "_fips"))
		return 1;
	return strcasestr(version, ".ksplice") ? 2 : 0;
}

bool match_os_concerns(const struct match_family *f, const struct scan_package *p, const struct advisory *a)
{
	const char *arch = p->arch ? p->arch : "";

	if (a->arches && *a->arches && *arch && (f->strict_arch || strcmp(arch, "noarch")) && !lists(a->arches, arch))
		return false;
	return strcmp(f->name, "oracle") || flavour(a->fixed_below) == flavour(p->version);
}

enum version_range match_os(const struct match_family *f, const struct version_scheme *s, const char *version,
			    const struct advisory *a)
{
	if (a->ranged)
		return match_ranges(s, version, a);
	if (*a->affected_from) {
		if (!s->valid(a->affected_from))
			return RANGE_UNKNOWN;
		if (s->compare(version, a->affected_from) < 0)
			return RANGE_OUT;
	}
	if (!*a->fixed_below)
		return f->unfixed ? RANGE_IN : RANGE_OUT;
	if (!s->valid(a->fixed_below))
		return RANGE_UNKNOWN;
	return s->compare(version, a->fixed_below) < 0 ? RANGE_IN : RANGE_OUT;
}
