/*
 * JaCoCo XML (https://www.jacoco.org/jacoco/trunk/coverage/report.dtd): lines of source files; the counters on five levels are sums of
 * them.  A source file is named by its package and its name: which directory packages are in, the report does not know.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/xml/xml.h"

#include <string.h>

struct jacoco {
	struct xml xml;
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct arena paths;
	struct str package;
	const char *path;    /* of the source file that is open; NULL: none */
	uint32_t file_depth; /* 0: none is open */
	bool has_methods, has_lines;
};

static int open_package(struct jacoco *j, const char **attributes, pipe_error *err)
{
	const char *name = xml_attribute(attributes, "name");

	str_reset(&j->package);
	if (name)
		str_adds(&j->package, name);
	return j->package.failed ? error_nomem(err) : PIPE_OK;
}

static int open_file(struct jacoco *j, const char **attributes, pipe_error *err)
{
	const char *name = xml_attribute(attributes, "name"), *joined;

	if (!name || !*name)
		return xml_error(&j->xml, PIPE_EPIPELINE, err, "a sourcefile without a name");
	arena_clear(&j->paths);
	joined = arena_printf(&j->paths, "%s%s%s", j->package.data, j->package.length ? "/" : "", name);
	j->path = joined ? evidence_path(&j->paths, j->options->workspace, joined) : NULL;
	j->file_depth = j->xml.depth;
	return j->path ? PIPE_OK : error_nomem(err);
}

static bool read_number(const char **attributes, const char *name, uint32_t *out)
{
	const char *text = xml_attribute(attributes, name);
	uint64_t n = 0;
	bool ok = text && xml_number(text, UINT32_MAX / 2, &n);

	*out = (uint32_t)n;
	return ok;
}

static int open_line(struct jacoco *j, const char **attributes, pipe_error *err)
{
	uint32_t number, instructions, missed_branches, branches;
	struct evidence_line l = { .path = j->path };

	if (!read_number(attributes, "nr", &number))
		return xml_error(&j->xml, PIPE_EPIPELINE, err, "a line without its number (nr)");
	if (!read_number(attributes, "ci", &instructions))
		return xml_error(
			&j->xml, PIPE_EPIPELINE, err,
			"a line that does not say whether it was covered (ci): the tool that wrote this leaves it out, take "
			"another format of it");
	read_number(attributes, "mb", &missed_branches);
	read_number(attributes, "cb", &branches);
	j->has_lines = true;
	l.line = number;
	l.hits = instructions > 0; /* how often is not known */
	l.branches = missed_branches + branches;
	l.branches_hit = branches;
	return number ? sink_line(j->sink, &l, err) : PIPE_OK;
}

static int open_element(void *payload, const char *name, const char **attributes, pipe_error *err)
{
	struct jacoco *j = payload;

	if (j->xml.depth == 1 && strcmp(name, "report") != 0)
		return xml_error(&j->xml, PIPE_EPIPELINE, err, "this is no JaCoCo XML: its root element is <%.60s>", name);
	if (!strcmp(name, "line"))
		return j->file_depth ? open_line(j, attributes, err) : PIPE_OK;
	if (!strcmp(name, "sourcefile"))
		return open_file(j, attributes, err);
	if (!strcmp(name, "package"))
		return open_package(j, attributes, err);
	if (!strcmp(name, "method"))
		j->has_methods = true;
	return PIPE_OK;
}

static int close_element(void *payload, const char *name, pipe_error *err)
{
	struct jacoco *j = payload;

	(void)name, (void)err;
	if (j->file_depth == j->xml.depth)
		j->file_depth = 0;
	return PIPE_OK;
}

/* ---- the format ---- */

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	static const struct xml_handler handler = { open_element, close_element };
	struct jacoco *j = state;

	str_init(&j->package);
	j->options = options;
	j->sink = sink;
	return xml_begin(&j->xml, &handler, j, &options->limits, err);
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return xml_feed(&((struct jacoco *)state)->xml, bytes, length, err);
}

static int finish(void *state, pipe_error *err)
{
	struct jacoco *j = state;
	int rc = xml_finish(&j->xml, err);

	if (!rc && j->has_methods && !j->has_lines)
		rc = xml_error(
			&j->xml, PIPE_EPIPELINE, err,
			"the report has methods but no lines: the classes were compiled without debug information (javac -g)");
	return rc;
}

static void end(void *state)
{
	struct jacoco *j = state;

	xml_end(&j->xml);
	str_clear(&j->package);
	arena_clear(&j->paths);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	struct xml_root root;

	(void)path;
	if (!xml_root(head, length, &root) || !xml_root_is(&root, "report"))
		return 0;
	if (memmem(head, length, "JACOCO", 6) || memmem(head, length, "jacoco", 6))
		return 95;
	return memmem(head, length, "<sessioninfo", 12) || memmem(head, length, "<package name=", 14) ? 60 : 0;
}

const struct report_format report_jacoco = {
	.name = "jacoco",
	.help = "coverage as JaCoCo XML: Java, Kotlin, Scala",
	.gives = GIVES_COVERAGE,
	.state_size = sizeof(struct jacoco),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
