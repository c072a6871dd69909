/*
 * rpm's database, in the folders where distributions have it: SQLite and ndb are read; Berkeley DB (up to RHEL 8) needs a library that is
 * not here, and a note says so.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/rpm_header.h"

#include <string.h>

static const char *const folders[] = { "usr/lib/sysimage/rpm/", "var/lib/rpm/", "usr/share/rpm/" };

static int read_berkeley(struct reader *r)
{
	if (!reader_note(r, "an rpm database in Berkeley DB cannot be read: its packages were not looked at"))
		return reader_nomem(r);
	return PIPE_OK;
}

static const struct {
	const char *file;
	int (*read)(struct reader *r);
} kinds[] = { { "rpmdb.sqlite", rpm_sqlite_read }, { "Packages.db", rpm_ndb_read }, { "Packages", read_berkeley } };

static bool wants(const char *path, bool installed)
{
	(void)installed;
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
			if (!strncmp(path, folders[i], strlen(folders[i])) && !strcmp(path + strlen(folders[i]), kinds[k].file))
				return true;
	return false;
}

static int read_database(struct reader *r)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		if (path_is(r->list->path, kinds[k].file))
			return kinds[k].read(r);
	return PIPE_OK;
}

PACKAGE_PARSER(parse, read_database)

const struct package_format package_format_rpm = {
	.name = "rpm",
	.type = "",
	.class = PACKAGE_OS,
	.help = "rpm's database in SQLite or ndb",
	.wants = wants,
	.parse = parse,
};
