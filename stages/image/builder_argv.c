/* What the argument vectors of several builders have in common. */
#include "stages/image/builder_kinds.h"

#include <string.h>

void builder_add_joined(struct argv *v, const char *option, const char *const *texts)
{
	const char *all = NULL;

	for (; texts && *texts; texts++)
		all = all ? arena_printf(v->a, "%s,%s", all, *texts) : *texts;
	argv_option(v, option, all);
}

void builder_add_common(const struct image_work *i, struct argv *v)
{
	const struct image_settings *s = &i->set;

	argv_option(v, "--file", s->dockerfile);
	argv_option(v, "--target", s->target);
	argv_options(v, "--build-arg", s->build_args);
	argv_options(v, "--label", s->labels);
	for (uint32_t k = 0; k < s->secrets.count; k++) {
		argv_add(v, "--secret");
		argv_addf(v, "id=%s,src=%s", s->secrets.items[k].id, s->secrets.items[k].path);
	}
	builder_add_joined(v, "--platform", s->platforms);
}

void builder_add_tags(const struct image_work *i, const char *option, struct argv *v)
{
	for (uint32_t k = 0; k < i->tagging.tags.count; k++) {
		ARGV_ADD(v, option, i->tagging.tags.items[k].reference);
	}
}

const char *builder_cache_place(const struct image_work *i, const char *text, const char *more)
{
	return strstr(text, "type=") ? text : arena_printf(i->job->arena, "type=registry,ref=%s%s", text, more);
}

bool builder_begins_afresh(const struct image_work *i)
{
	return i->set.epoch >= 0 && !i->set.cache_from;
}

const char *builder_rewritten(const struct image_work *i, const char *output)
{
	return i->set.epoch >= 0 ? arena_printf(i->job->arena, "%s,rewrite-timestamp=true", output) : output;
}
