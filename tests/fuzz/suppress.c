/*
 * libFuzzer (and AFL++) target: any bytes as an ignore file or a VEX document.  The first byte picks which; what was read is applied to a
 * small report.  An error has a sentence, and what is suppressed has a reason.
 */
#include "stages/scanner/suppress/suppress.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void add(struct scan_report *r, struct scan_result *to, uint8_t kind, const char *id, const char *name)
{
	struct scan_finding *f = vec_push(r->arena, &to->findings);
	struct scan_package *p = ARENA_NEW(r->arena, struct scan_package);

	if (!f || !p)
		abort();
	*p = (struct scan_package){ .name = name, .version = "1.0.0", .purl = "", .path = "lib/x.json" };
	f->kind = kind;
	f->id = id;
	f->path = "";
	f->package = kind == FINDING_VULNERABILITY ? p : NULL;
}

static void fill(struct scan_report *r)
{
	static const char *const digests[] = { "r.example/app@sha256:1", NULL };
	struct scan_result *result = vec_push(r->arena, &r->results);

	if (!result)
		abort();
	result->target = "web/package-lock.json";
	result->class = "lang-pkgs";
	result->type = "npm";
	r->artifact = "app";
	r->repo_digests = digests;
	add(r, result, FINDING_VULNERABILITY, "CVE-1", "lodash");
	add(r, result, FINDING_VULNERABILITY, "CVE-2", "@angular/core");
	add(r, result, FINDING_SECRET, "private-key", "");
}

static int read_one(struct suppressions *s, unsigned which, const char *bytes, size_t length, pipe_error *err)
{
	if (which % 3 == 2)
		return suppressions_read_vex(s, "vex.json", bytes, length, err);
	return suppressions_read_ignore(s, which % 3 ? "ignore.yaml" : "ignore", bytes, length, 1000, err);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct scan_report r = { .arena = &a };
	struct suppressions *s;
	pipe_error err = { 0 };

	if (!size)
		return 0;
	s = suppressions_new(&a);
	if (!s)
		abort();
	fill(&r);
	if (read_one(s, *data, (const char *)data + 1, size - 1, &err)) {
		if (!*err.text)
			abort();
	} else if (!suppressions_apply(s, &r)) {
		abort();
	}
	for (uint32_t i = 0; i < r.results.items[0].findings.count; i++)
		if (r.results.items[0].findings.items[i].suppressed && !*r.results.items[0].findings.items[i].suppressed)
			abort();
	arena_clear(&a);
	return 0;
}
