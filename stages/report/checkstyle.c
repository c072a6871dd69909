/*
 * The XML of Checkstyle, which many analysers write besides their own: ESLint, PHP_CodeSniffer, ktlint, detekt, hadolint, shellcheck,
 * golangci-lint, Swiftlint.  Whose it is shows at most in the `source` of an error.
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/xml/xml.h"

#include <string.h>

struct checkstyle {
	struct xml xml;
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct arena arena; /* of the file's path */
	const char *path;   /* of the file that is open; NULL: none */
};

/* What a source begins with: the tool it belongs to, and what it is called without. */
static const struct {
	const char *prefix, *tool;
	bool last; /* the rule is what stands behind the last dot */
} sources[] = {
	{ "com.puppycrawl.tools.checkstyle.", "checkstyle", true },
	{ "eslint.rules.", "eslint", false },
	{ "ShellCheck.", "shellcheck", false },
	{ "detekt.", "detekt", false },
};

static void take_source(const char *source, struct evidence_finding *f)
{
	f->rule = source;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		size_t n = strlen(sources[i].prefix);

		if (strncmp(source, sources[i].prefix, n))
			continue;
		f->rule = sources[i].last ? strrchr(source, '.') + 1 : source + n;
		f->tool = *f->tool ? f->tool : sources[i].tool;
		return;
	}
	if (!*f->tool && !strncmp(source, "DL", 2) && strspn(source + 2, "0123456789") == 4)
		f->tool = "hadolint";
}

static uint32_t number(const char **attributes, const char *name)
{
	const char *text = xml_attribute(attributes, name);
	uint64_t value;

	return text && xml_number(text, UINT32_MAX, &value) ? (uint32_t)value : 0;
}

static int give(struct checkstyle *s, struct evidence_finding *f, pipe_error *err)
{
	f->kind = s->options->kind;
	f->path = s->path;
	f->fingerprint = f->package = f->installed = f->fixed = f->url = "";
	return sink_finding(s->sink, f, err);
}

static int open_error(struct checkstyle *s, const char **attributes, pipe_error *err)
{
	const char *message = xml_attribute(attributes, "message"), *source = xml_attribute(attributes, "source");
	const char *word = xml_attribute(attributes, "severity");
	struct evidence_finding f = { .tool = s->options->tool ? s->options->tool : "", .rule = "", .message = message };
	enum severity severity = SEVERITY_MEDIUM;

	if (!message)
		return xml_error(&s->xml, PIPE_EPIPELINE, err, "an <error> has no message");
	if (word && !severity_from(word, &severity))
		severity = SEVERITY_UNKNOWN;
	f.severity = (uint8_t)severity;
	f.suppressed = word && !strcmp(word, "ignore");
	f.line = number(attributes, "line");
	f.column = number(attributes, "column");
	if (source)
		take_source(source, &f);
	return give(s, &f, err);
}

static int open_element(void *payload, const char *name, const char **attributes, pipe_error *err)
{
	struct checkstyle *s = payload;
	const char *path;

	if (s->xml.depth == 1)
		return !strcmp(name, "checkstyle") ? PIPE_OK
						   : xml_error(&s->xml, PIPE_EPIPELINE, err,
							       "this is not Checkstyle's XML: its root element is <%.60s>", name);
	if (!strcmp(name, "file")) {
		path = xml_attribute(attributes, "name");
		arena_clear(&s->arena);
		path = evidence_path(&s->arena, s->options->workspace, path ? path : "");
		s->path = path ? arena_strdup(&s->arena, path) : NULL;
		return s->path ? PIPE_OK : error_nomem(err);
	}
	if (!strcmp(name, "error"))
		return s->path ? open_error(s, attributes, err)
			       : xml_error(&s->xml, PIPE_EPIPELINE, err, "an <error> stands outside of a <file>");
	/* Checkstyle itself could not read the file. */
	if (!strcmp(name, "exception")) {
		struct evidence_finding f = { .tool = "checkstyle",
					      .rule = "exception",
					      .severity = SEVERITY_HIGH,
					      .message = "the file could not be checked" };

		s->path = s->path ? s->path : "";
		return give(s, &f, err);
	}
	return PIPE_OK;
}

static int close_element(void *payload, const char *name, pipe_error *err)
{
	struct checkstyle *s = payload;

	(void)err;
	if (!strcmp(name, "file"))
		s->path = NULL;
	return PIPE_OK;
}

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	static const struct xml_handler handler = { open_element, close_element };
	struct checkstyle *s = state;
	int rc;

	s->options = options;
	s->sink = sink;
	rc = xml_begin(&s->xml, &handler, s, &options->limits, err);
	/* Issues, unless who asked for the report says otherwise. */
	return rc == PIPE_OK ? sink_scope(sink, GIVES_ISSUES << options->kind, err) : rc;
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return xml_feed(&((struct checkstyle *)state)->xml, bytes, length, err);
}

static int finish(void *state, pipe_error *err)
{
	return xml_finish(&((struct checkstyle *)state)->xml, err);
}

static void end(void *state)
{
	struct checkstyle *s = state;

	arena_clear(&s->arena);
	xml_end(&s->xml);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	struct xml_root root;

	(void)path;
	return xml_root(head, length, &root) && xml_root_is(&root, "checkstyle") ? 100 : 0;
}

const struct report_format report_checkstyle = {
	.name = "checkstyle",
	.help = "Checkstyle's XML, which ESLint, PHP_CodeSniffer, ktlint, detekt and hadolint write as well",
	.gives = GIVES_ISSUES,
	.state_size = sizeof(struct checkstyle),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
