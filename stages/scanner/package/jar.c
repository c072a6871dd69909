/* Java archives: what is in them is not read here, and a scan says so. */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"

static bool wants(const char *path, bool installed)
{
	static const char *const ends[] = { ".jar", ".war", ".ear", ".par" };
	struct piece all = piece_of(path);

	for (size_t i = 0; installed && i < sizeof(ends) / sizeof(*ends); i++)
		if (piece_ends(all, ends[i]))
			return true;
	return false;
}

static int read_archive(struct reader *r)
{
	return reader_note(r, "packages within Java archives are not looked at") ? PIPE_OK : reader_nomem(r);
}

PACKAGE_PARSER(parse, read_archive)

const struct package_format package_format_jar = {
	.name = "jar",
	.type = "jar",
	.class = PACKAGE_LANGUAGE,
	.help = "Java archives: only a note that they are not read",
	.wants = wants,
	.parse = parse,
};
