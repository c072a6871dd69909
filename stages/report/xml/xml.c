/* Expat with bounds: what reaches a format's handler is one element at a time, and an error always has a place. */
#include "stages/report/xml/xml.h"

#include "base/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 32768 };

/* ---- errors ---- */

static int vfail(struct xml *x, enum pipe_code code, pipe_error *err, const char *format, va_list ap)
	__attribute__((format(printf, 4, 0)));

static int vfail(struct xml *x, enum pipe_code code, pipe_error *err, const char *format, va_list ap)
{
	char text[sizeof(((pipe_error *)0)->text)];

	vsnprintf(text, sizeof(text), format, ap);
	error_set(err, code, "%s", text);
	if (err) {
		err->line = (unsigned)XML_GetCurrentLineNumber(x->parser) + x->before;
		err->column = (unsigned)XML_GetCurrentColumnNumber(x->parser) + 1;
	}
	return code;
}

int xml_error(struct xml *x, enum pipe_code code, pipe_error *err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfail(x, code, err, format, ap);
	va_end(ap);
	return code;
}

/* From inside a callback of expat: ends the parsing. */
static void stop(struct xml *x, int rc)
{
	x->rc = rc;
	XML_StopParser(x->parser, XML_FALSE);
}

/* ---- elements ---- */

static const char *local_name(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon ? colon + 1 : name;
}

static void XMLCALL open_element(void *payload, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *x = payload;
	int rc;

	x->silent = 0;
	if (x->rc)
		return;
	if (++x->depth > x->limits->depth) {
		stop(x, xml_error(x, PIPE_ELIMIT, x->err, "elements are nested more than %u deep", x->limits->depth));
		return;
	}
	rc = x->handler->open(x->payload, local_name(name), attributes, x->err);
	if (rc)
		stop(x, rc);
}

static void XMLCALL close_element(void *payload, const XML_Char *name)
{
	struct xml *x = payload;
	int rc;

	x->silent = 0;
	if (x->rc)
		return;
	rc = x->handler->close(x->payload, local_name(name), x->err);
	x->depth--;
	if (rc)
		stop(x, rc);
}

/* One byte more than the bound is kept, so that what comes after knows that it is cut. */
static void XMLCALL add_text(void *payload, const XML_Char *text, int length)
{
	struct xml *x = payload;
	size_t room = x->limits->text_bytes - x->text.length, n = (size_t)length;

	x->silent = 0;
	if (!x->collects || x->cut)
		return;
	if (!x->text.length)
		while (n && isspace((unsigned char)*text)) {
			text++;
			n--;
		}
	if (n > room) {
		for (n = room; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
		x->cut = true;
	}
	str_add(&x->text, text, n);
	if (x->cut)
		str_adds(&x->text, "...");
}

void xml_collect(struct xml *x)
{
	str_reset(&x->text);
	x->collects = true;
	x->cut = false;
}

const char *xml_collected(struct xml *x)
{
	x->collects = false;
	while (x->text.length && isspace((unsigned char)x->text.data[x->text.length - 1]))
		x->text.data[--x->text.length] = '\0';
	return x->text.failed ? NULL : x->text.data;
}

/* Nobody who writes a report needs entities; who writes a bomb does. */
static void XMLCALL refuse_entity(void *payload, const XML_Char *name, int is_parameter, const XML_Char *value, int length,
				  const XML_Char *base, const XML_Char *system_id, const XML_Char *public_id,
				  const XML_Char *notation)
{
	struct xml *x = payload;

	(void)is_parameter, (void)value, (void)length, (void)base, (void)system_id, (void)public_id, (void)notation;
	if (!x->rc)
		stop(x,
		     xml_error(x, PIPE_EPIPELINE, x->err, "the report declares an entity (\"%.60s\"), which is refused", name));
}

/* ---- the document ---- */

int xml_begin(struct xml *x, const struct xml_handler *handler, void *payload, const struct report_limits *limits,
	      pipe_error *err)
{
	*x = (struct xml){ .handler = handler, .payload = payload, .limits = limits };
	str_init(&x->text);
	x->parser = XML_ParserCreate("UTF-8");
	if (!x->parser)
		return error_nomem(err);
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, open_element, close_element);
	XML_SetCharacterDataHandler(x->parser, add_text);
	XML_SetEntityDeclHandler(x->parser, refuse_entity);
	return PIPE_OK;
}

void xml_end(struct xml *x)
{
	if (x->parser)
		XML_ParserFree(x->parser);
	if (x->handler)
		str_clear(&x->text);
	x->parser = NULL;
}

/* In words that say more than expat's own where a report is most often wrong. */
static int parser_error(struct xml *x, pipe_error *err)
{
	enum XML_Error code = XML_GetErrorCode(x->parser);

	if (code == XML_ERROR_NO_MEMORY)
		return error_nomem(err);
	if (code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN || code == XML_ERROR_UNCLOSED_CDATA_SECTION ||
	    code == XML_ERROR_PARTIAL_CHAR)
		return xml_error(x, PIPE_EPIPELINE, err,
				 x->begun ? "the report ends in the middle: it is cut short (%s)" : "the report is empty (%s)",
				 XML_ErrorString(code));
	return xml_error(x, PIPE_EPIPELINE, err, "the report is not well-formed XML: %s", XML_ErrorString(code));
}

static int parse_buffer(struct xml *x, size_t length, bool last, pipe_error *err)
{
	enum XML_Status status;

	x->silent += length;
	status = XML_ParseBuffer(x->parser, (int)length, last);
	if (x->rc)
		return x->rc;
	if (status != XML_STATUS_OK)
		return parser_error(x, err);
	if (x->silent > x->limits->item_bytes)
		return xml_error(x, PIPE_ELIMIT, err, "a tag is larger than %u bytes", x->limits->item_bytes);
	return x->text.failed ? error_nomem(err) : PIPE_OK;
}

/* White space in front of the declaration means nothing, and expat does not take it. */
static size_t skip_space(struct xml *x, const char *bytes, size_t length)
{
	size_t n = 0;

	for (; n < length && isspace((unsigned char)bytes[n]); n++)
		x->before += bytes[n] == '\n';
	x->begun = n < length;
	return n;
}

int xml_feed(struct xml *x, const char *bytes, size_t length, pipe_error *err)
{
	size_t at = x->begun ? 0 : skip_space(x, bytes, length), used;
	int rc = PIPE_OK;

	x->err = err;
	while (at < length && !rc) {
		char *out = XML_GetBuffer(x->parser, CHUNK);
		size_t n;

		if (!out)
			return error_nomem(err);
		n = xml_filter(&x->filter, bytes + at, length - at, &used, out, CHUNK);
		at += used;
		rc = parse_buffer(x, n, false, err);
	}
	return rc;
}

int xml_finish(struct xml *x, pipe_error *err)
{
	char *out = XML_GetBuffer(x->parser, XML_FILTER_MOST);

	x->err = err;
	if (!out)
		return error_nomem(err);
	return parse_buffer(x, xml_filter_end(&x->filter, out), true, err);
}

/* ---- recognition ---- */

/* Behind the first `end` from `at` on, or NULL. */
static const char *behind(const char *at, const char *limit, const char *end)
{
	const char *found = memmem(at, (size_t)(limit - at), end, strlen(end));

	return found ? found + strlen(end) : NULL;
}

/* Behind a DOCTYPE, which may have declarations in [ ]. */
static const char *behind_doctype(const char *at, const char *limit)
{
	const char *end = behind(at, limit, ">"), *declarations = memchr(at, '[', (size_t)(limit - at));

	if (declarations && end && declarations < end) {
		at = behind(declarations, limit, "]");
		end = at ? behind(at, limit, ">") : NULL;
	}
	return end;
}

/* Behind what stands before the root element: declaration, instructions, comments, DOCTYPE.  NULL: no root element is in sight. */
static const char *find_root(const char *at, const char *limit)
{
	while (at) {
		while (at < limit && isspace((unsigned char)*at))
			at++;
		if (limit - at < 2 || *at != '<')
			return NULL;
		if (at[1] == '?')
			at = behind(at, limit, "?>");
		else if (limit - at >= 4 && !memcmp(at, "<!--", 4))
			at = behind(at, limit, "-->");
		else if (at[1] == '!')
			at = behind_doctype(at, limit);
		else
			return at + 1;
	}
	return NULL;
}

bool xml_root(const char *head, size_t length, struct xml_root *out)
{
	const char *limit = head + length, *tag = find_root(head, limit), *end, *colon;

	if (!tag)
		return false;
	end = memchr(tag, '>', (size_t)(limit - tag));
	out->tag = tag;
	out->tag_length = (size_t)((end ? end : limit) - tag);
	for (out->name_length = 0; out->name_length < out->tag_length; out->name_length++)
		if (isspace((unsigned char)tag[out->name_length]) || tag[out->name_length] == '/')
			break;
	colon = memchr(tag, ':', out->name_length);
	out->name = colon ? colon + 1 : tag;
	out->name_length -= (size_t)(out->name - tag);
	return out->name_length > 0;
}

bool xml_root_is(const struct xml_root *root, const char *name)
{
	return strlen(name) == root->name_length && !memcmp(root->name, name, root->name_length);
}

bool xml_root_has(const struct xml_root *root, const char *text)
{
	return memmem(root->tag, root->tag_length, text, strlen(text)) != NULL;
}
