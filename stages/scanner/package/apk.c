/* apk's database of what is installed: paragraphs of `X:value` lines, X one letter. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"
#include "stages/scanner/version/version.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	(void)installed;
	return !strcmp(path, "lib/apk/db/installed") || !strcmp(path, "usr/lib/apk/db/installed");
}

struct apk_entry {
	struct piece name, version, origin, licenses, arch, provides, depends;
	uint32_t from, to;
};
struct apk_link {
	uint32_t package;
	struct piece depends;
};
struct apk_database {
	struct map names, provided; /* by name: ""; by what is provided: id */
	VEC(struct apk_link) links;
};

/* "so:libssl.so.3=3.0" is so:libssl.so.3 */
static struct piece without_version(struct piece s)
{
	for (size_t i = 0; i < s.length; i++)
		if (strchr("<>=~", s.text[i])) {
			s.length = i;
			break;
		}
	return s;
}

static int add_provided(struct reader *r, struct apk_database *d, struct piece words, const char *id)
{
	struct piece word;

	while ((word = piece_word(&words), word.length)) {
		word = without_version(word);
		if (!map_put(&d->provided, r->arena, word.text, word.length, (void *)id))
			return reader_nomem(r);
	}
	return PIPE_OK;
}

static int fill(struct reader *r, struct apk_database *d, const struct apk_entry *e, struct scan_package *p)
{
	const char *id = reader_id(r, e->name, e->version);
	struct apk_link *link;

	p->arch = reader_text(r, e->arch);
	p->licenses = reader_text(r, e->licenses);
	p->source_name = e->origin.length && !piece_is(e->origin, p->name) ? reader_text(r, e->origin) : "";
	p->line_from = e->from;
	p->line_to = e->to;
	link = vec_push(r->arena, &d->links);
	if (!id || !p->arch || !p->licenses || !p->source_name || !link ||
	    !map_put(&d->provided, r->arena, p->name, e->name.length, (void *)id))
		return reader_nomem(r);
	*link = (struct apk_link){ (uint32_t)(p - r->list->packages.items), e->depends };
	return add_provided(r, d, e->provides, id);
}

/* A paragraph has ended.  Of a name that stands twice the first counts. */
static int add_entry(struct reader *r, struct apk_database *d, const struct apk_entry *e)
{
	const struct version_scheme *scheme = version_scheme_named("apk");
	const char *version = reader_text(r, e->version);
	struct scan_package *p;

	if (!version)
		return reader_nomem(r);
	if (!e->from)
		return PIPE_OK;
	if (!e->name.length || !e->version.length)
		return reader_fail(r, e->from, "a package without a %s", e->name.length ? "version (V:)" : "name (P:)");
	if (map_get(&d->names, e->name.text, e->name.length))
		return PIPE_OK;
	if (scheme && !scheme->valid(version))
		return reader_note(r, "line %u: \"%.100s\" is no version", e->from, version) ? PIPE_OK : reader_nomem(r);
	p = reader_add(r, e->name, e->version, NULL);
	if (!p)
		return r->err->code;
	if (!map_put(&d->names, r->arena, p->name, e->name.length, (void *)1))
		return reader_nomem(r);
	return fill(r, d, e, p);
}

static struct piece *field_of(struct apk_entry *e, char letter)
{
	switch (letter) {
	case 'P':
		return &e->name;
	case 'V':
		return &e->version;
	case 'o':
		return &e->origin;
	case 'L':
		return &e->licenses;
	case 'A':
		return &e->arch;
	case 'p':
		return &e->provides;
	case 'D':
		return &e->depends;
	default:
		return NULL;
	}
}

static int link_entry(struct reader *r, const struct apk_database *d, const struct apk_link *link)
{
	struct scan_package *p = &r->list->packages.items[link->package];
	struct piece rest = link->depends, word;
	struct reader_ids ids = { 0 };

	while ((word = piece_word(&rest), word.length)) {
		const char *id;

		if (*word.text == '!')
			continue;
		word = without_version(word);
		id = map_get(&d->provided, word.text, word.length);
		if (id && !reader_id_push(r, &ids, id))
			return reader_nomem(r);
	}
	return reader_depends(r, &ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

static int read_database(struct reader *r)
{
	static const struct piece none = { "", 0 };
	const struct apk_entry empty = { none, none, none, none, none, none, none, 0, 0 };
	struct apk_database d = { 0 };
	struct apk_entry e = empty;
	struct text_lines l;
	int rc = reader_check_text(r);

	for (text_begin(&l, r->bytes, r->length); !rc && text_next(&l);) {
		struct piece *field;

		if (!l.line.length) {
			rc = add_entry(r, &d, &e);
			e = empty;
			continue;
		}
		if (l.line.length < 2 || l.line.text[1] != ':')
			return reader_fail(r, l.number, "a line that is no `X:value`");
		e.from = e.from ? e.from : l.number;
		e.to = l.number;
		field = field_of(&e, *l.line.text);
		if (field)
			*field = piece_skip(l.line, 2);
	}
	if (!rc)
		rc = add_entry(r, &d, &e);
	for (uint32_t i = 0; !rc && i < d.links.count; i++)
		rc = link_entry(r, &d, &d.links.items[i]);
	return rc;
}

PACKAGE_PARSER(parse, read_database)

const struct package_format package_format_apk = {
	.name = "apk",
	.type = "",
	.class = PACKAGE_OS,
	.help = "apk's database of installed packages",
	.wants = wants,
	.parse = parse,
};
