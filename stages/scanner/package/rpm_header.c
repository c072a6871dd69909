/*
 * An rpm header: two counts, entries of 16 bytes (tag, type, offset, count), then the data that they point into; all big-endian.  Every
 * offset is checked against the data.  https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
#include "stages/scanner/package/rpm_header.h"

#include <string.h>

enum { ENTRY = 16, ENTRIES_MOST = 65536, TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_LIST = 8, TYPE_I18N = 9 };

enum { NAME, VERSION, RELEASE, EPOCH, ARCH, SOURCE, LICENSE, MODULE, TAGS };
static const uint32_t tags[TAGS] = { 1000, 1001, 1002, 1003, 1022, 1044, 1014, 5096 };

struct rpm_fields {
	struct piece text[TAGS];
	uint32_t epoch;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* false: the entry points out of the data. */
static bool take(struct rpm_fields *f, const unsigned char *entry, const unsigned char *data, uint32_t size)
{
	uint32_t tag = be32(entry), type = be32(entry + 4), offset = be32(entry + 8);
	unsigned field = 0;
	const char *end;

	while (field < TAGS && tags[field] != tag)
		field++;
	if (field == TAGS)
		return true;
	if (offset >= size)
		return false;
	if (type == TYPE_INT32) {
		if (size - offset < 4)
			return false;
		if (field == EPOCH)
			f->epoch = be32(data + offset);
		return true;
	}
	if (type != TYPE_STRING && type != TYPE_LIST && type != TYPE_I18N)
		return true;
	end = memchr(data + offset, '\0', size - offset);
	if (!end)
		return false;
	f->text[field] = (struct piece){ (const char *)data + offset, (size_t)(end - (const char *)data) - offset };
	return true;
}

static const char *evr(struct reader *r, uint32_t epoch, struct piece version, struct piece release)
{
	if (epoch)
		return arena_printf(r->arena, "%u:%.*s-%.*s", epoch, (int)version.length, version.text, (int)release.length,
				    release.text);
	return arena_printf(r->arena, "%.*s-%.*s", (int)version.length, version.text, (int)release.length, release.text);
}

/* "bash-5.1.8-6.el9.src.rpm": the epoch is the package's. */
static bool put_source(struct reader *r, struct scan_package *p, const struct rpm_fields *f)
{
	struct piece rest = f->text[SOURCE], version, release;
	ptrdiff_t at;

	if (piece_ends(rest, ".rpm"))
		rest.length -= 4;
	at = piece_find_last(rest, '.');
	if (at <= 0)
		return true;
	rest.length = (size_t)at;
	at = piece_find_last(rest, '-');
	if (at <= 0)
		return true;
	release = piece_skip(rest, (size_t)at + 1);
	rest.length = (size_t)at;
	at = piece_find_last(rest, '-');
	if (at <= 0)
		return true;
	version = piece_skip(rest, (size_t)at + 1);
	rest.length = (size_t)at;
	p->source_name = reader_text(r, rest);
	p->source_version = evr(r, f->epoch, version, release);
	return p->source_name && p->source_version;
}

static int add_package(struct reader *r, const struct rpm_fields *f, uint32_t number)
{
	const char *version;
	struct scan_package *p;

	if (!f->text[NAME].length || !f->text[VERSION].length)
		return reader_fail(r, 0, "package %u of the database has no %s", number,
				   f->text[NAME].length ? "version" : "name");
	if (f->text[VERSION].length > 4096 || f->text[RELEASE].length > 4096)
		return reader_fail(r, 0, "package %u of the database has a version that is far too long", number);
	version = evr(r, f->epoch, f->text[VERSION], f->text[RELEASE]);
	if (!version)
		return reader_nomem(r);
	p = reader_add(r, f->text[NAME], piece_of(version), NULL);
	if (!p)
		return r->err->code;
	p->arch = f->text[ARCH].length ? reader_text(r, f->text[ARCH]) : "None";
	p->licenses = reader_text(r, f->text[LICENSE]);
	p->modular = f->text[MODULE].length != 0;
	p->module = reader_text(r, f->text[MODULE]);
	return p->arch && p->licenses && p->module && put_source(r, p, f) ? PIPE_OK : reader_nomem(r);
}

int rpm_header_read(struct reader *r, const unsigned char *bytes, size_t length, uint32_t number)
{
	struct rpm_fields f = { 0 };
	uint32_t entries, size;

	for (unsigned i = 0; i < TAGS; i++)
		f.text[i] = (struct piece){ "", 0 };
	if (length < 8)
		return reader_fail(r, 0, "the header of package %u is cut off", number);
	entries = be32(bytes);
	size = be32(bytes + 4);
	if (entries > ENTRIES_MOST || size > length || (size_t)entries * ENTRY + 8 > length - size)
		return reader_fail(r, 0, "the header of package %u is longer than what the database has of it", number);
	for (uint32_t i = 0; i < entries; i++)
		if (!take(&f, bytes + 8 + (size_t)i * ENTRY, bytes + 8 + (size_t)entries * ENTRY, size))
			return reader_fail(r, 0, "the header of package %u points out of itself", number);
	return add_package(r, &f, number);
}
