/*
 * libFuzzer (and AFL++) target: any bytes as an OSV record, through rows and back to advisories and details, as an import and a look-up
 * take them.  Any record (tests/fuzz/bolt_seeds.py DIRECTORY osv makes some) is a seed.
 */
#include "stages/scanner/advisory/osv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int heard(void *context, const struct advisory *a)
{
	(void)context;
	if (!a->id || !*a->id || !a->vendor_id || !a->fixed || !a->source_url || a->severity >= SEVERITY_COUNT)
		abort();
	if (!a->ranged || (!a->vulnerable && !a->versions))
		abort();
	return PIPE_OK;
}

static void back(const struct osv_record *r, const struct osv_affected *affected, struct arena *a)
{
	pipe_error err;
	struct str s;

	str_init(&s);
	osv_affected_write(affected, &s);
	if (!s.failed && osv_row_read(&(struct osv_row){ r->id, r->names, s.data, r->severity }, a, heard, NULL, &err))
		abort();
	str_clear(&s);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena arena = { NULL, NULL, NULL, 0 };
	struct advisory_details details;
	struct osv_record r;
	pipe_error err;
	bool is_record;
	int rc;

	rc = osv_record_read((const char *)data, size, &r, &is_record, &arena, &err);
	if (rc == PIPE_OK && is_record) {
		for (uint32_t i = 0; i < r.affected.count; i++)
			back(&r, &r.affected.items[i], &arena);
		if (osv_details_read(r.id, r.body.data, r.body.length, r.aliases, r.severity, &arena, &details, &err))
			abort();
	} else if (rc && rc != PIPE_EPIPELINE && rc != PIPE_ENOMEM) {
		abort();
	}
	osv_record_clear(&r);
	arena_clear(&arena);
	return 0;
}
