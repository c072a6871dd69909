/*
 * libFuzzer (and AFL++) target: any bytes as a file of packages.  The first byte picks the format, the rest is the file; what is behind
 * its first 0xff 0xff is every file beside it.  What comes out must be as stages/scanner/package/package.h promises.  Seeds are made of
 * tests/scanner/packages: tests/fuzz/package_seeds.sh DIRECTORY.  PACKAGE=dpkg in the environment: every input is read as that format.
 */
#include "stages/scanner/package/package.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

struct input {
	const char *beside;
	size_t beside_length;
	unsigned left;
};

/* A path that a format wants; the three databases of rpm are told apart by the first byte of the file. */
static const char *path_of(const struct package_format *f, const char *bytes, size_t length)
{
	static const char *const rpm[] = { "var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db", "var/lib/rpm/Packages" };

	if (strcmp(f->name, "rpm") != 0)
		return "a/b/file";
	return rpm[length && *bytes == 'S' ? 0 : length && *bytes == 'R' ? 1 : 2];
}

static const char *beside(void *payload, const char *path, size_t *length)
{
	struct input *in = payload;

	if (!*path || *path == '/' || !strncmp(path, "../", 3) || strstr(path, "/../"))
		abort();
	if (!in->beside || !in->left)
		return NULL;
	in->left--;
	*length = in->beside_length;
	return in->beside;
}

static void check(const struct package_list *list, const struct scan_package *p, struct arena *a)
{
	const char *purl;

	if (!p->name || !p->version || !p->source_name || !p->source_version || !p->arch || !p->licenses || !p->purl || !p->path)
		abort();
	if (!*p->name || p->line_from > p->line_to)
		abort();
	for (const char *const *id = p->depends_on; id && *id; id++)
		if (!**id)
			abort();
	purl = package_purl(a, *list->type ? list->type : "debian", NULL, p);
	if (!purl || strncmp(purl, "pkg:", 4) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *wanted = getenv("PACKAGE"), *bytes = (const char *)data + 1, *cut;
	const struct package_format *f;
	struct arena a = ARENA_INIT;
	struct package_list list;
	struct input in = { .left = 20 };
	pipe_error err = { 0 };
	size_t count = 0, length = size ? size - 1 : 0;
	int rc;

	if (!size)
		return 0;
	while (package_formats[count])
		count++;
	f = package_formats[*data % count];
	for (size_t i = 0; wanted && i < count; i++)
		if (!strcmp(package_formats[i]->name, wanted))
			f = package_formats[i];
	cut = memmem(bytes, length, "\xff\xff", 2);
	if (cut) {
		in.beside = cut + 2;
		in.beside_length = length - (size_t)(cut + 2 - bytes);
		length = (size_t)(cut - bytes);
	}
	list = (struct package_list){ .type = f->type, .class = f->class, .path = path_of(f, bytes, length) };
	rc = f->parse(bytes, length, &list, &a, beside, &in, &err);
	if (rc && (rc != (int)err.code || !*err.text))
		abort();
	for (uint32_t i = 0; !rc && i < list.packages.count; i++)
		check(&list, &list.packages.items[i], &a);
	for (uint32_t i = 0; i < list.notes.count; i++)
		if (!list.notes.items[i] || !*list.notes.items[i])
			abort();
	arena_clear(&a);
	return 0;
}
