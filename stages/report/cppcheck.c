/*
 * cppcheck's own XML (--xml, version 2; version 1 has the place on the error itself).  The first location of an error is where it is,
 * the others lead there.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/xml/xml.h"

#include <string.h>

struct cppcheck {
	struct xml xml;
	const struct report_options *options;
	const struct evidence_sink *sink;
	bool in_error, placed;
	enum severity severity;
	struct str id, message, path;
	uint32_t line, column;
};

static void keep(struct str *out, const char *text)
{
	str_reset(out);
	str_adds(out, text ? text : "");
}

static uint32_t number(const char **attributes, const char *name)
{
	const char *text = xml_attribute(attributes, name);
	uint64_t value;

	return text && xml_number(text, UINT32_MAX, &value) ? (uint32_t)value : 0;
}

static void take_place(struct cppcheck *s, const char **attributes)
{
	if (s->placed || !xml_attribute(attributes, "file"))
		return;
	s->placed = true;
	keep(&s->path, xml_attribute(attributes, "file"));
	s->line = number(attributes, "line");
	s->column = number(attributes, "column");
}

static int open_error(struct cppcheck *s, const char **attributes, pipe_error *err)
{
	const char *id = xml_attribute(attributes, "id"), *severity = xml_attribute(attributes, "severity");
	const char *message = xml_attribute(attributes, "msg");

	if (!id || !severity || !message)
		return xml_error(&s->xml, PIPE_EPIPELINE, err, "an <error> has no %s",
				 !id	     ? "id"
				 : !severity ? "severity"
					     : "msg");
	if (!severity_from(severity, &s->severity))
		s->severity = SEVERITY_UNKNOWN;
	s->in_error = true;
	s->placed = false;
	s->line = s->column = 0;
	keep(&s->id, id);
	keep(&s->message, message);
	keep(&s->path, "");
	take_place(s, attributes);
	return PIPE_OK;
}

static int open_element(void *payload, const char *name, const char **attributes, pipe_error *err)
{
	struct cppcheck *s = payload;

	if (s->xml.depth == 1 && strcmp(name, "results") != 0)
		return xml_error(&s->xml, PIPE_EPIPELINE, err, "this is not cppcheck's XML: its root element is <%.60s>", name);
	if (!strcmp(name, "error") && !s->in_error)
		return open_error(s, attributes, err);
	if (!strcmp(name, "location") && s->in_error)
		take_place(s, attributes);
	return PIPE_OK;
}

static int close_element(void *payload, const char *name, pipe_error *err)
{
	struct cppcheck *s = payload;
	struct arena a = ARENA_INIT;
	struct evidence_finding f = { .kind = FINDING_ISSUE,
				      .severity = (uint8_t)s->severity,
				      .tool = "cppcheck",
				      .rule = s->id.data,
				      .line = s->line,
				      .column = s->column,
				      .message = s->message.data,
				      .fingerprint = "",
				      .package = "",
				      .installed = "",
				      .fixed = "",
				      .url = "" };
	int rc = PIPE_OK;

	if (!s->in_error || strcmp(name, "error") != 0)
		return PIPE_OK;
	s->in_error = false;
	f.path = evidence_path(&a, s->options->workspace, s->path.data);
	if (!f.path || s->id.failed || s->message.failed || s->path.failed)
		rc = error_nomem(err);
	else
		rc = sink_finding(s->sink, &f, err);
	arena_clear(&a);
	return rc;
}

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	static const struct xml_handler handler = { open_element, close_element };
	struct cppcheck *s = state;

	str_init(&s->id);
	str_init(&s->message);
	str_init(&s->path);
	s->options = options;
	s->sink = sink;
	return xml_begin(&s->xml, &handler, s, &options->limits, err);
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return xml_feed(&((struct cppcheck *)state)->xml, bytes, length, err);
}

static int finish(void *state, pipe_error *err)
{
	return xml_finish(&((struct cppcheck *)state)->xml, err);
}

static void end(void *state)
{
	struct cppcheck *s = state;

	str_clear(&s->id);
	str_clear(&s->message);
	str_clear(&s->path);
	xml_end(&s->xml);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	struct xml_root root;

	if (!xml_root(head, length, &root) || !xml_root_is(&root, "results"))
		return 0;
	return memmem(head, length, "<cppcheck", 9) ? 100 : strstr(path, "cppcheck") ? 80 : 40;
}

const struct report_format report_cppcheck = {
	.name = "cppcheck",
	.help = "cppcheck's own XML (--xml)",
	.gives = GIVES_ISSUES,
	.state_size = sizeof(struct cppcheck),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
