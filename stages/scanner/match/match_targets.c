/*
 * Which results a report has, in Trivy's order: the distribution first, whatever files its packages stand in, then files of languages by
 * name.  What is installed package by package (a directory of Python, a gem, a jar) is one result a language, and each package says where
 * it lies.
 */
#include "base/error.h"
#include "stages/scanner/match/match_tally.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *type, *target;
} gathered[] = {
	{ "conda-pkg", "Conda" }, { "gemspec", "Ruby" }, { "jar", "Java" }, { "node-pkg", "Node.js" }, { "python-pkg", "Python" },
};

static const char *gathered_target(const struct package_list *list)
{
	for (size_t i = 0; i < sizeof(gathered) / sizeof(*gathered); i++)
		if (!strcmp(gathered[i].type, list->type))
			return gathered[i].target;
	return NULL;
}

struct part {
	const struct package_list *list;
	const char *type, *target;
	bool together; /* with others of the same type */
	size_t order;
};

static int by_target(const void *one, const void *two)
{
	const struct part *a = one, *b = two;
	int order = a->list->class == b->list->class ? 0 : a->list->class == PACKAGE_OS ? -1 : 1;

	if (!order)
		order = strcmp(a->target, b->target);
	if (!order)
		order = strcmp(a->type, b->type);
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static const char *os_target(const struct scan_report *r)
{
	const char *family = r->os.family && *r->os.family ? r->os.family : "unknown";
	const char *version = r->os.version ? r->os.version : "";

	return arena_printf(r->arena, "%s (%s%s%s)", r->artifact ? r->artifact : "", family, *version ? " " : "", version);
}

static bool fill(struct part *part, const struct package_list *list, const struct scan_report *r)
{
	const char *name = gathered_target(list);

	part->list = list;
	part->type = list->type;
	part->together = name || list->class == PACKAGE_OS;
	part->target = name ? name : list->path ? list->path : "";
	if (list->class == PACKAGE_OS) {
		part->type = r->os.family && *r->os.family ? r->os.family : list->type;
		part->target = os_target(r);
	}
	return part->target != NULL;
}

static bool wanted(const struct scan_package *p, const struct match_options *o)
{
	return o->development || !p->development;
}

static uint64_t left_out(const struct package_list *list, const struct match_options *o)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < list->packages.count; i++)
		n += !wanted(&list->packages.items[i], o);
	return n;
}

static bool copy(struct package_list *to, const struct part *part, const struct match_options *o, struct arena *a)
{
	for (uint32_t i = 0; i < part->list->packages.count; i++) {
		struct scan_package *p = wanted(&part->list->packages.items[i], o) ? vec_push(a, &to->packages) : NULL;

		if (!p && wanted(&part->list->packages.items[i], o))
			return false;
		if (!p)
			continue;
		*p = part->list->packages.items[i];
		if (part->together && part->list->class != PACKAGE_OS && (!p->path || !*p->path))
			p->path = part->list->path;
	}
	return true;
}

/* The packages of the parts [from, to): the list itself where nothing has to be changed in it. */
static const struct package_list *packages(const struct part *from, const struct part *to, const struct match_options *o,
					   struct tally *tally, struct arena *a)
{
	struct package_list *list;
	uint64_t out = 0;

	for (const struct part *p = from; p < to; p++)
		out += left_out(p->list, o);
	tally->development += out;
	if (to - from == 1 && !out && (!from->together || from->list->class == PACKAGE_OS))
		return from->list;
	list = ARENA_NEW(a, struct package_list);
	if (!list)
		return NULL;
	list->type = from->type;
	list->class = from->list->class;
	list->path = from->together ? "" : from->list->path;
	for (const struct part *p = from; p < to; p++)
		if (!copy(list, p, o, a))
			return NULL;
	return list;
}

static int add_result(struct scan_report *report, const struct part *from, const struct part *to,
		      const struct match_options *options, struct tallies *tallies, pipe_error *err)
{
	struct tally *tally = tally_of(tallies, report->arena, *from->type ? from->type : "unknown");
	const struct package_list *list = tally ? packages(from, to, options, tally, report->arena) : NULL;
	struct scan_result *r = list ? vec_push(report->arena, &report->results) : NULL;

	if (!r)
		return error_nomem(err);
	r->target = from->target;
	r->class = list->class == PACKAGE_OS ? "os-pkgs" : "lang-pkgs";
	r->type = from->type;
	r->packages = list;
	return PIPE_OK;
}

int match_targets(struct scan_report *report, const struct package_list *const *lists, size_t count,
		  const struct match_options *options, struct tallies *tallies, pipe_error *err)
{
	struct part *parts = count ? calloc(count, sizeof(*parts)) : NULL;
	size_t used = 0;
	int rc = PIPE_OK;

	if (count && !parts)
		return error_nomem(err);
	for (size_t i = 0; i < count && !rc; i++) {
		if (!lists[i]->type)
			continue;
		parts[used].order = used;
		rc = fill(&parts[used++], lists[i], report) ? PIPE_OK : error_nomem(err);
	}
	if (!rc && used > 1)
		qsort(parts, used, sizeof(*parts), by_target);
	for (size_t i = 0, end; i < used && !rc; i = end) {
		for (end = i + 1; end < used && parts[i].together && parts[end].together &&
				  !strcmp(parts[end].type, parts[i].type) && parts[end].list->class == parts[i].list->class;)
			end++;
		rc = add_result(report, parts + i, parts + end, options, tallies, err);
	}
	free(parts);
	return rc;
}
