/*
 * Cobertura XML: coverage.py, gcovr, Istanbul, gocover-cobertura, coverlet...  Lines stand below classes, and often below their methods
 * a second time, where Istanbul has other ones: those of methods are held back, and count only where the class has none of its own.  A
 * file may have several classes: its lines are counted once behind the sink.
 */
#include "base/error.h"
#include "base/vec.h"
#include "stages/report/formats.h"
#include "stages/report/xml/xml.h"

#include <stdio.h>
#include <string.h>

enum { MOST_SOURCES = 1000 };

struct cobertura {
	struct xml xml;
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct arena arena; /* of the sources */
	struct arena paths; /* of the class: its path, lines of its methods */
	VEC(const char *) sources;
	uint32_t collector;   /* depth of the <source> whose text is collected; 0: none */
	uint32_t class_depth; /* 0: outside */
	uint32_t methods_depth;
	const char *path; /* of the class */
	bool has_lines;	  /* the class has some of its own */
	VEC(struct evidence_line) held;
};

/* ---- paths ---- */

static bool is_inside(const char *workspace, const char *source)
{
	size_t n = strlen(workspace);

	return !strncmp(source, workspace, n) && (!source[n] || source[n] == '/' || source[n] == '\\');
}

static bool is_absolute(const char *path)
{
	return *path == '/' || *path == '\\' || (*path && path[1] == ':') || strstr(path, "://");
}

/* Which of the sources a file is below, the report does not say: the first one in the workspace is taken. */
static const char *source_root(const struct cobertura *c)
{
	for (uint32_t i = 0; i < c->sources.count; i++)
		if (!is_absolute(c->sources.items[i]) || is_inside(c->options->workspace, c->sources.items[i]))
			return c->sources.items[i];
	return c->sources.count ? c->sources.items[0] : "";
}

static int open_class(struct cobertura *c, const char **attributes, pipe_error *err)
{
	const char *name = xml_attribute(attributes, "filename"), *root = source_root(c), *joined;

	if (!name || !*name)
		return xml_error(&c->xml, PIPE_EPIPELINE, err, "a class without a filename");
	arena_clear(&c->paths);
	if (is_absolute(name) || !*root || !strcmp(root, "."))
		joined = arena_strdup(&c->paths, name);
	else
		joined = arena_printf(&c->paths, "%s/%s", root, name);
	c->path = joined ? evidence_path(&c->paths, c->options->workspace, joined) : NULL;
	c->class_depth = c->xml.depth;
	c->methods_depth = 0;
	c->has_lines = false;
	memset(&c->held, 0, sizeof(c->held));
	return c->path ? PIPE_OK : error_nomem(err);
}

/* ---- lines ---- */

/* "50% (1/2)" */
static void read_branches(const char *text, struct evidence_line *l)
{
	const char *at = strchr(text, '(');
	unsigned hit, all;

	if (at && sscanf(at, "(%9u/%9u)", &hit, &all) == 2) {
		l->branches = all;
		l->branches_hit = hit < all ? hit : all;
	}
}

/* Counters of gcc have been seen to overflow into negative numbers; those lines did run. */
static bool read_hits(const char *text, uint64_t *hits)
{
	if (*text == '-') {
		*hits = 1;
		return xml_number(text + 1, UINT64_MAX, &(uint64_t){ 0 });
	}
	return xml_number(text, UINT64_MAX, hits);
}

/* Line 0 is generated code, which stands in no file. */
static int emit(struct cobertura *c, const struct evidence_line *l, pipe_error *err)
{
	return l->line ? sink_line(c->sink, l, err) : PIPE_OK;
}

static int hold(struct cobertura *c, const struct evidence_line *l, pipe_error *err)
{
	struct evidence_line *held;

	if ((c->held.count + 1) * sizeof(*held) > c->options->limits.item_bytes)
		return xml_error(&c->xml, PIPE_ELIMIT, err, "the methods of a class have more than %u lines", c->held.count);
	held = vec_push(&c->paths, &c->held);
	if (!held)
		return error_nomem(err);
	*held = *l;
	return PIPE_OK;
}

static int close_class(struct cobertura *c, pipe_error *err)
{
	int rc = PIPE_OK;

	c->class_depth = 0;
	for (uint32_t i = 0; i < c->held.count && !c->has_lines && !rc; i++)
		rc = emit(c, &c->held.items[i], err);
	return rc;
}

static int open_line(struct cobertura *c, const char **attributes, pipe_error *err)
{
	const char *number = xml_attribute(attributes, "number"), *hits = xml_attribute(attributes, "hits");
	const char *branches = xml_attribute(attributes, "condition-coverage");
	struct evidence_line l = { .path = c->path };
	uint64_t n;

	if (!number || !xml_number(number, UINT32_MAX, &n))
		return xml_error(&c->xml, PIPE_EPIPELINE, err, "a line without a number");
	if (!hits || !read_hits(hits, &l.hits))
		return xml_error(&c->xml, PIPE_EPIPELINE, err, "a line whose hits are not said");
	l.line = (uint32_t)n;
	if (branches)
		read_branches(branches, &l);
	if (c->methods_depth)
		return hold(c, &l, err);
	c->has_lines = true;
	return emit(c, &l, err);
}

/* ---- elements ---- */

static int open_element(void *payload, const char *name, const char **attributes, pipe_error *err)
{
	struct cobertura *c = payload;

	if (c->xml.depth == 1 && strcmp(name, "coverage") != 0)
		return xml_error(&c->xml, PIPE_EPIPELINE, err, "this is no Cobertura XML: its root element is <%.60s>", name);
	if (!strcmp(name, "line"))
		return c->class_depth ? open_line(c, attributes, err) : PIPE_OK;
	if (!strcmp(name, "class"))
		return open_class(c, attributes, err);
	if (!strcmp(name, "methods"))
		c->methods_depth = c->xml.depth;
	if (!strcmp(name, "source") && !c->collector) {
		c->collector = c->xml.depth;
		xml_collect(&c->xml);
	}
	return PIPE_OK;
}

static int close_source(struct cobertura *c, pipe_error *err)
{
	const char *text = xml_collected(&c->xml), *copy, **source;

	c->collector = 0;
	if (!text)
		return error_nomem(err);
	if (!*text || c->sources.count >= MOST_SOURCES)
		return PIPE_OK;
	copy = arena_strdup(&c->arena, text);
	source = copy ? vec_push(&c->arena, &c->sources) : NULL;
	if (!source)
		return error_nomem(err);
	*source = copy;
	return PIPE_OK;
}

static int close_element(void *payload, const char *name, pipe_error *err)
{
	struct cobertura *c = payload;

	(void)name;
	if (c->collector == c->xml.depth)
		return close_source(c, err);
	if (c->methods_depth == c->xml.depth)
		c->methods_depth = 0;
	return c->class_depth == c->xml.depth ? close_class(c, err) : PIPE_OK;
}

/* ---- the format ---- */

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	static const struct xml_handler handler = { open_element, close_element };
	struct cobertura *c = state;

	c->options = options;
	c->sink = sink;
	return xml_begin(&c->xml, &handler, c, &options->limits, err);
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return xml_feed(&((struct cobertura *)state)->xml, bytes, length, err);
}

static int finish(void *state, pipe_error *err)
{
	return xml_finish(&((struct cobertura *)state)->xml, err);
}

static void end(void *state)
{
	struct cobertura *c = state;

	xml_end(&c->xml);
	arena_clear(&c->arena);
	arena_clear(&c->paths);
}

/* Clover's root element has the same name, and neither the rates nor the DOCTYPE. */
static unsigned recognise(const char *head, size_t length, const char *path)
{
	struct xml_root root;

	(void)path;
	if (!xml_root(head, length, &root) || !xml_root_is(&root, "coverage"))
		return 0;
	if (xml_root_has(&root, "line-rate"))
		return 95;
	return memmem(head, length, "cobertura", 9) ? 90 : 0;
}

const struct report_format report_cobertura = {
	.name = "cobertura",
	.help = "coverage as Cobertura XML: coverage.py, gcovr, Istanbul, gocover-cobertura, ...",
	.gives = GIVES_COVERAGE,
	.state_size = sizeof(struct cobertura),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
