/*
 * dpkg's database: var/lib/dpkg/status, and of distroless images one file a package in var/lib/dpkg/status.d.  What is removed or purged
 * is no package.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"
#include "stages/scanner/syntax/stanza.h"
#include "stages/scanner/version/version.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	static const char folder[] = "var/lib/dpkg/status.d/";

	(void)installed;
	if (!strcmp(path, "var/lib/dpkg/status"))
		return true;
	return !strncmp(path, folder, strlen(folder)) && !strchr(path + strlen(folder), '/') && !path_ends(path, ".md5sums");
}

enum { PACKAGE, VERSION, STATUS, SOURCE, ARCHITECTURE, DEPENDS };
static const char *const fields[] = { "Package", "Version", "Status", "Source", "Architecture", "Depends", NULL };

/* Names of packages, their alternatives and versions apart, wait here until all are known. */
struct waiting {
	uint32_t package;
	struct piece depends;
};
struct status {
	struct stanza stanza;
	VEC(struct waiting) waiting;
	struct map ids; /* by name */
};

static bool is_installed(struct piece status)
{
	struct piece word;

	while ((word = piece_word(&status), word.length))
		if (piece_is(word, "deinstall") || piece_is(word, "purge"))
			return false;
	return true;
}

/* "glibc (2.36-9)", or "glibc" where the version is the package's own. */
static bool put_source(struct reader *r, struct scan_package *p, struct piece source)
{
	struct piece name = piece_word(&source), version = piece_strip(piece_trim(source), "()");

	p->source_name = name.length && !piece_is(name, p->name) ? reader_text(r, name) : "";
	p->source_version = version.length && !piece_is(version, p->version) ? reader_text(r, version) : "";
	return p->source_name && p->source_version;
}

static int add_package(struct reader *r, struct status *s)
{
	const struct piece *v = s->stanza.values;
	const struct version_scheme *scheme = version_scheme_named("deb");
	struct scan_package *p;
	struct waiting *w;
	const char *id, *version = reader_text(r, v[VERSION]);

	if (!version)
		return reader_nomem(r);
	if (scheme && !scheme->valid(version))
		return reader_note(r, "line %u: \"%.100s\" is no version", s->stanza.from, version) ? PIPE_OK : reader_nomem(r);
	p = reader_add(r, v[PACKAGE], v[VERSION], NULL);
	if (!p)
		return r->err->code;
	p->arch = reader_text(r, v[ARCHITECTURE]);
	p->line_from = s->stanza.from;
	p->line_to = s->stanza.to;
	id = reader_id(r, v[PACKAGE], v[VERSION]);
	w = v[DEPENDS].length ? vec_push(r->arena, &s->waiting) : NULL;
	if (!p->arch || !put_source(r, p, v[SOURCE]) || !id || (v[DEPENDS].length && !w) ||
	    !map_put(&s->ids, r->arena, p->name, v[PACKAGE].length, (void *)id))
		return reader_nomem(r);
	if (w)
		*w = (struct waiting){ (uint32_t)(p - r->list->packages.items), v[DEPENDS] };
	return PIPE_OK;
}

/* "passwd, debconf (>= 0.5) | debconf-2.0" */
static int link_package(struct reader *r, const struct status *s, const struct waiting *w)
{
	struct piece rest = w->depends, all, one;
	struct reader_ids ids = { 0 };
	bool more = true;

	while (more) {
		bool other = true;

		rest = piece_cut(rest, ",", &all, &more);
		while (other) {
			const char *id;

			all = piece_cut(all, "|", &one, &other);
			piece_cut(one, "(", &one, NULL);
			one = piece_trim(one);
			id = map_get(&s->ids, one.text, one.length);
			if (id && !reader_id_push(r, &ids, id))
				return reader_nomem(r);
		}
	}
	return reader_depends(r, &ids, &r->list->packages.items[w->package].depends_on) ? PIPE_OK : reader_nomem(r);
}

static int read_status(struct reader *r)
{
	struct status s = { .stanza = { .names = fields } };
	struct text_lines l;
	int rc = reader_check_text(r);

	for (text_begin(&l, r->bytes, r->length); !rc && stanza_next(&s.stanza, &l);) {
		const struct piece *v = s.stanza.values;

		if (s.stanza.wrong_line)
			return reader_fail(r, s.stanza.wrong_line, "a line that is no `Field: value`");
		if (!is_installed(v[STATUS]))
			continue;
		if (!v[PACKAGE].length)
			return reader_fail(r, s.stanza.from, "a paragraph without the field Package");
		if (v[VERSION].length)
			rc = add_package(r, &s);
	}
	for (uint32_t i = 0; !rc && i < s.waiting.count; i++)
		rc = link_package(r, &s, &s.waiting.items[i]);
	return rc;
}

PACKAGE_PARSER(parse, read_status)

const struct package_format package_format_dpkg = {
	.name = "dpkg",
	.type = "",
	.class = PACKAGE_OS,
	.help = "dpkg's status, also in distroless images",
	.wants = wants,
	.parse = parse,
};
