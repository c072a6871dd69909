/*
 * rpm's own database ("ndb", Packages.db of SUSE): pages of slots that point to blobs, a header each; little-endian, in units of 16
 * bytes.
 */
#include "stages/scanner/package/rpm_header.h"

#include <string.h>

enum { HEAD = 32, SLOT = 16, PAGE = 4096, UNIT = 16, PAGES_MOST = 2048 };

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static int read_blob(struct reader *r, const unsigned char *slot, uint32_t number)
{
	const unsigned char *bytes = (const unsigned char *)r->bytes;
	uint64_t at = (uint64_t)le32(slot + 8) * UNIT;
	uint32_t length;

	if (at + UNIT > r->length || memcmp(bytes + at, "BlbS", 4) != 0 || le32(bytes + at + 4) != le32(slot + 4))
		return reader_fail(r, 0, "package %u of the database is not where its index says", number);
	length = le32(bytes + at + 12);
	if (length > r->length - at - UNIT)
		return reader_fail(r, 0, "the header of package %u is cut off", number);
	return rpm_header_read(r, bytes + at + UNIT, length, number);
}

int rpm_ndb_read(struct reader *r)
{
	const unsigned char *bytes = (const unsigned char *)r->bytes;
	uint32_t pages, number = 0;
	int rc = PIPE_OK;

	if (r->length < HEAD || memcmp(bytes, "RpmP", 4) != 0 || le32(bytes + 4) != 0)
		return reader_fail(r, 0, "this is no rpm database of a kind that can be read");
	pages = le32(bytes + 12);
	if (!pages || pages > PAGES_MOST || (uint64_t)pages * PAGE > r->length)
		return reader_fail(r, 0, "the index of the database is longer than its file");
	for (uint32_t at = HEAD; !rc && at + SLOT <= pages * PAGE; at += SLOT) {
		if (memcmp(bytes + at, "Slot", 4) != 0)
			return reader_fail(r, 0, "the index of the database is damaged at byte %u", at);
		if (le32(bytes + at + 4))
			rc = read_blob(r, bytes + at, ++number);
	}
	return rc;
}
