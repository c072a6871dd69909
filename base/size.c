#include "base/size.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	double factor;
} units[] = { { "", 1 },     { "B", 1 },	{ "kB", 1e3 },	      { "KB", 1e3 },	      { "MB", 1e6 },
	      { "GB", 1e9 }, { "KiB", 1024.0 }, { "MiB", 1048576.0 }, { "GiB", 1073741824.0 } };

bool size_parse(const char *text, uint64_t *bytes)
{
	static const double most = 9007199254740992.0; /* 2^53: up to here a double is exact */
	char *end;
	double value;

	/* What strtod takes beside it ("inf", "0x1p3", blanks in front) is no size. */
	if (strspn(text, "0123456789.") == 0 || text[0] == '.' || !strncmp(text, "0x", 2))
		return false;
	value = strtod(text, &end);
	while (*end == ' ')
		end++;
	for (size_t i = 0; value >= 0 && i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(units[i].name, end) != 0)
			continue;
		value = floor(value * units[i].factor + 0.5);
		if (!(value <= most))
			return false;
		*bytes = (uint64_t)value;
		return true;
	}
	return false;
}
