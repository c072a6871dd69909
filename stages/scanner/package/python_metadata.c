/*
 * METADATA of wheels (*.dist-info) and PKG-INFO of eggs (*.egg-info, or such a file itself): name, version and licence stand in the
 * first paragraph.
 */
#include "base/str.h"
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"
#include "stages/scanner/syntax/stanza.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	static const char *const ends[] = { ".dist-info/METADATA", "EGG-INFO/PKG-INFO", ".egg-info/PKG-INFO",
					    ".egg-info/METADATA", ".egg-info" };
	struct piece all = piece_of(path);

	for (size_t i = 0; installed && i < sizeof(ends) / sizeof(*ends); i++)
		if (piece_ends(all, ends[i]))
			return true;
	return false;
}

enum { NAME, VERSION, EXPRESSION, LICENSE, CLASSIFIER };
static const char *const fields[] = { "Name", "Version", "License-Expression", "License", "Classifier", NULL };

/* "License :: OSI Approved :: MIT License" is MIT License. */
static void classifier(void *payload, unsigned field, struct piece value)
{
	struct str *out = payload;
	struct piece part;
	bool more = true;

	if (field != CLASSIFIER || !piece_starts(value, "License :: "))
		return;
	while (more)
		value = piece_cut(value, " :: ", &part, &more);
	if (piece_is(part, "OSI Approved"))
		return;
	if (out->length)
		str_adds(out, ", ");
	str_add(out, part.text, part.length);
}

static int add_package(struct reader *r, const struct stanza *s, const struct str *classified)
{
	const struct piece *v = s->values;
	struct piece license = v[EXPRESSION];
	struct scan_package *p;

	if (!v[NAME].length || !v[VERSION].length)
		return reader_fail(r, s->from, "the field %s is missing", v[NAME].length ? "Version" : "Name");
	p = reader_add(r, v[NAME], v[VERSION], NULL);
	if (!p)
		return r->err->code;
	if (!license.length)
		license = classified->length ? (struct piece){ classified->data, classified->length } : v[LICENSE];
	p->licenses = reader_text(r, license);
	p->path = r->list->path;
	return p->licenses ? PIPE_OK : reader_nomem(r);
}

static int read_metadata(struct reader *r)
{
	struct str classified;
	struct stanza s = { .names = fields, .again = classifier, .payload = &classified };
	struct text_lines l;
	int rc = reader_check_text(r);

	if (rc)
		return rc;
	str_init(&classified);
	text_begin(&l, r->bytes, r->length);
	if (!stanza_next(&s, &l))
		rc = reader_fail(r, 1, "the file is empty");
	else if (classified.failed)
		rc = reader_nomem(r);
	else
		rc = add_package(r, &s, &classified);
	str_clear(&classified);
	return rc;
}

PACKAGE_PARSER(parse, read_metadata)

const struct package_format package_format_python_metadata = {
	.name = "python-metadata",
	.type = "python-pkg",
	.class = PACKAGE_LANGUAGE,
	.help = "METADATA and PKG-INFO of installed Python packages",
	.wants = wants,
	.parse = parse,
};
