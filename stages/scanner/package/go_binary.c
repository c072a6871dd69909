/*
 * Programs that Go has linked: the section .go.buildinfo holds the version of Go and the modules that went in.
 * Since Go 1.18 the texts stand behind its head; before, it has pointers to them.
 */
#include "stages/scanner/package/elf.h"
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/go_stamp.h"
#include "stages/scanner/package/reader.h"

#include <string.h>

static const char magic[] = "\xff Go buildinf:";
enum { MAGIC = 14, HEAD = 32, POINTERS = 16, FLAG_BIG = 1, FLAG_INLINE = 2, FRAME = 16 };

/* Programs have no ending as a rule; those that have one lie where programs lie. */
static bool wants(const char *path, bool installed)
{
	static const char *const no_programs[] = { "etc/",	    "usr/share/",	"usr/include/", "usr/src/",
						   "var/lib/dpkg/", "var/lib/apt/",	"var/lib/rpm/", "lib/apk/",
						   "usr/lib/apk/",  "usr/lib/sysimage/" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (!installed || strstr(path, ".dist-info/") || strstr(path, ".egg-info"))
		return false;
	for (size_t i = 0; i < sizeof(no_programs) / sizeof(*no_programs); i++)
		if (!strncmp(path, no_programs[i], strlen(no_programs[i])))
			return false;
	return !strchr(name, '.') || path_within(path, "bin") || path_within(path, "sbin");
}

/* ---- the section ---- */

static bool find_info(const struct elf_file *e, size_t *at, size_t *end)
{
	size_t offset, length;

	if (!elf_section(e, ".go.buildinfo", &offset, &length) && !elf_data(e, &offset, &length))
		return false;
	*end = offset + length;
	for (size_t i = offset; i < *end && *end - i >= HEAD; i += POINTERS) {
		const unsigned char *found = memmem(e->bytes + i, *end - i, magic, MAGIC);

		if (!found)
			return false;
		*at = (size_t)(found - e->bytes);
		if ((*at - offset) % POINTERS == 0 && *end - *at >= HEAD)
			return true;
		i = *at - (*at - offset) % POINTERS;
	}
	return false;
}

/* A length of 7 bits a byte, and as many bytes. */
static bool inline_text(const struct elf_file *e, size_t *at, size_t end, struct piece *out)
{
	uint64_t n = 0;

	for (unsigned shift = 0;; shift += 7) {
		unsigned char byte;

		if (*at >= end || shift > 35)
			return false;
		byte = e->bytes[(*at)++];
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	if (n > e->length - *at)
		return false;
	*out = (struct piece){ (const char *)e->bytes + *at, (size_t)n };
	*at += (size_t)n;
	return true;
}

/* The address of a string's head (address, length) stands at `at`. */
static bool pointed_text(const struct elf_file *info, size_t at, unsigned size, struct piece *out)
{
	uint64_t length;
	size_t head, text;

	*out = (struct piece){ "", 0 };
	if (!elf_address(info, elf_number(info, at, size), (size_t)2 * size, &head))
		return false;
	length = elf_number(info, head + size, size);
	if (!length)
		return true;
	if (length > info->length || !elf_address(info, elf_number(info, head, size), (size_t)length, &text))
		return false;
	*out = (struct piece){ (const char *)info->bytes + text, (size_t)length };
	return true;
}

static bool find_texts(const struct elf_file *e, struct piece *version, struct piece *modules)
{
	struct elf_file info = *e;
	size_t at, end;
	unsigned size;

	if (!find_info(e, &at, &end))
		return false;
	if (e->bytes[at + MAGIC + 1] & FLAG_INLINE) {
		at += HEAD;
		end = e->length;
		if (!inline_text(e, &at, end, version) || !inline_text(e, &at, end, modules))
			return false;
	} else {
		size = e->bytes[at + MAGIC];
		info.big = e->bytes[at + MAGIC + 1] & FLAG_BIG;
		if ((size != 4 && size != 8) || !pointed_text(&info, at + POINTERS, size, version) ||
		    !pointed_text(&info, at + POINTERS + size, size, modules))
			return false;
	}
	/* The list stands in a frame of 16 bytes. */
	if (modules->length >= 2 * FRAME + 1 && modules->text[modules->length - FRAME - 1] == '\n')
		*modules = (struct piece){ modules->text + FRAME, modules->length - 2 * (size_t)FRAME };
	else
		modules->length = 0;
	return true;
}

/* ---- its texts ---- */

struct go_build {
	struct piece main, main_version, stamp;
	struct reader_ids ids;
};

static int add_module(struct reader *r, struct go_build *b, struct piece name, struct piece version)
{
	struct scan_package *p;

	if (!name.length)
		return PIPE_OK;
	if (piece_is(version, "(devel)"))
		version.length = 0;
	p = reader_add(r, name, version, NULL);
	if (!p || !reader_id_push(r, &b->ids, reader_id(r, name, version)))
		return p ? reader_nomem(r) : (int)r->err->code;
	return PIPE_OK;
}

/* Lines of fields with tabs between them: "dep path version sum", where "=> path version sum" replaces the one before. */
static int read_modules(struct reader *r, struct go_build *b, struct piece text)
{
	struct piece name = { "", 0 }, version = { "", 0 };
	struct text_lines l;
	int rc = PIPE_OK;

	for (text_begin(&l, text.text, text.length); !rc && text_next(&l);) {
		struct piece rest, kind, first, second;

		rest = piece_cut(l.line, "\t", &kind, NULL);
		if (piece_is(kind, "build")) {
			if (piece_starts(rest, "-ldflags="))
				b->stamp = piece_skip(rest, strlen("-ldflags="));
			continue;
		}
		rest = piece_cut(rest, "\t", &first, NULL);
		piece_cut(rest, "\t", &second, NULL);
		if (piece_is(kind, "mod")) {
			b->main = first;
			b->main_version = second;
		} else if (piece_is(kind, "dep") || piece_is(kind, "=>")) {
			if (piece_is(kind, "dep"))
				rc = add_module(r, b, name, version);
			name = first;
			version = second;
		}
	}
	return rc ? rc : add_module(r, b, name, version);
}

static int add_main(struct reader *r, struct go_build *b)
{
	struct piece version = b->main_version;
	struct scan_package *p;
	const char *stamp;

	if (!b->main.length)
		return PIPE_OK;
	stamp = go_stamp(r, b->main, b->stamp);
	if (!stamp)
		return reader_nomem(r);
	if (piece_is(version, "(devel)"))
		version.length = 0;
	if (!version.length || (piece_starts(version, "v0.0.0") && *stamp))
		version = piece_of(stamp);
	p = reader_add(r, b->main, version, NULL);
	if (!p)
		return r->err->code;
	return reader_depends(r, &b->ids, &p->depends_on) ? PIPE_OK : reader_nomem(r);
}

/* "go1.22.3 X:boringcrypto" is v1.22.3. */
static int add_library(struct reader *r, struct go_build *b, struct piece version)
{
	struct piece word = piece_word(&version);
	const char *text;

	if (piece_starts(word, "go"))
		word = piece_skip(word, 2);
	text = arena_printf(r->arena, "v%.*s", (int)(word.length < 200 ? word.length : 200), word.text);
	return text ? add_module(r, b, piece_of("stdlib"), piece_of(text)) : reader_nomem(r);
}

static int read_program(struct reader *r)
{
	struct go_build b = { .main = { "", 0 }, .main_version = { "", 0 }, .stamp = { "", 0 } };
	struct elf_file e;
	struct piece version, modules;
	int rc;

	if (!elf_open(&e, r->bytes, r->length) || !find_texts(&e, &version, &modules) || !version.length)
		return PIPE_OK;
	if (memchr(version.text, '\0', version.length) || (modules.length && memchr(modules.text, '\0', modules.length)))
		return reader_fail(r, 0, "the build information of this Go program is damaged");
	rc = add_library(r, &b, version);
	if (!rc)
		rc = read_modules(r, &b, modules);
	return rc ? rc : add_main(r, &b);
}

PACKAGE_PARSER(parse, read_program)

const struct package_format package_format_go_binary = {
	.name = "go-binary",
	.executable = true,
	.type = "gobinary",
	.class = PACKAGE_LANGUAGE,
	.help = "programs that Go has linked (ELF)",
	.wants = wants,
	.parse = parse,
};
