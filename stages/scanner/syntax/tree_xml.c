/* XML as a tree: see tree_xml.h. */
#include "stages/scanner/syntax/tree_xml.h"
#include "base/error.h"
#include "stages/report/xml/xml.h"

#include <string.h>

enum { ELEMENTS_MOST = 2 * 1000 * 1000, DEPTH = 100, TEXT_MOST = 65536 };

struct building {
	struct xml xml;
	struct arena *arena;
	struct xml_element *root, *open;
	uint32_t elements;
};

static uint32_t line_of(const struct building *b)
{
	return (uint32_t)XML_GetCurrentLineNumber(b->xml.parser) + b->xml.before;
}

static const char **copy_attributes(struct arena *a, const char **attributes)
{
	size_t n = 0;
	const char **out;

	while (attributes[n])
		n++;
	out = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; out && i < n; i++) {
		out[i] = arena_strdup(a, attributes[i]);
		if (!out[i])
			return NULL;
	}
	return out;
}

static int on_open(void *payload, const char *name, const char **attributes, pipe_error *err)
{
	struct building *b = payload;
	struct xml_element *e = ARENA_NEW(b->arena, struct xml_element);

	if (b->elements++ == ELEMENTS_MOST)
		return xml_error(&b->xml, PIPE_ELIMIT, err, "more than %d elements in one file", ELEMENTS_MOST);
	if (!e)
		return error_nomem(err);
	e->name = arena_strdup(b->arena, name);
	e->text = "";
	e->attributes = copy_attributes(b->arena, attributes);
	if (!e->name || !e->attributes)
		return error_nomem(err);
	e->line = line_of(b);
	e->parent = b->open;
	if (b->open && b->open->last)
		b->open->last->next = e;
	else if (b->open)
		b->open->first = e;
	else
		b->root = e;
	if (b->open)
		b->open->last = e;
	b->open = e;
	xml_collect(&b->xml);
	return PIPE_OK;
}

static int on_close(void *payload, const char *name, pipe_error *err)
{
	struct building *b = payload;
	struct xml_element *e = b->open;
	const char *text;

	(void)name;
	e->end = line_of(b);
	if (!e->first) {
		text = xml_collected(&b->xml);
		e->text = text ? arena_strdup(b->arena, text) : NULL;
		if (!e->text)
			return error_nomem(err);
	}
	b->open = e->parent;
	return PIPE_OK;
}

int tree_xml(struct xml_element **root, const struct tree_source *source, struct arena *a, pipe_error *err)
{
	static const struct xml_handler handler = { on_open, on_close };
	struct report_limits limits = {
		.bytes = (uint64_t)1 << 30, .items = ELEMENTS_MOST, .depth = DEPTH, .text_bytes = TEXT_MOST, .item_bytes = 1 << 24
	};
	struct building b = { .arena = a };
	pipe_error ours = { 0 };
	int rc;

	err = err ? err : &ours;
	rc = xml_begin(&b.xml, &handler, &b, &limits, err);
	if (!rc)
		rc = xml_feed(&b.xml, source->bytes, source->length, err);
	if (!rc)
		rc = xml_finish(&b.xml, err);
	xml_end(&b.xml);
	*root = b.root;
	if (rc && rc != PIPE_ENOMEM) {
		static const char subject[] = "the report ";
		pipe_error was = *err;
		bool of_report = !strncmp(was.text, subject, strlen(subject));

		return tree_fail(source, was.line, (enum pipe_code)rc, err, "%s%s", of_report ? "the file " : "",
				 was.text + (of_report ? strlen(subject) : 0));
	}
	return rc;
}

struct xml_element *element_child(const struct xml_element *e, const char *name)
{
	struct xml_element *child = e ? e->first : NULL;

	while (child && strcmp(child->name, name) != 0)
		child = child->next;
	return child;
}

struct xml_element *element_again(const struct xml_element *e)
{
	struct xml_element *next = e->next;

	while (next && strcmp(next->name, e->name) != 0)
		next = next->next;
	return next;
}

const char *element_text(const struct xml_element *e, const char *child)
{
	const struct xml_element *found = element_child(e, child);

	return found ? found->text : "";
}

const char *element_attribute(const struct xml_element *e, const char *name)
{
	for (size_t i = 0; e->attributes[i] && e->attributes[i + 1]; i += 2)
		if (!strcmp(e->attributes[i], name))
			return e->attributes[i + 1];
	return "";
}
