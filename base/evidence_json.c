#include "base/evidence_json.h"

struct count {
	const char *key;
	uint64_t number;
};

static void write_counts(struct json *j, const struct count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		jsonw_kint(j, counts[i].key, counts[i].number > INT64_MAX ? INT64_MAX : (int64_t)counts[i].number);
}

/* null: there was no report of that sort. */
static void write_group(struct json *j, const char *key, int is_there, const struct count *counts, size_t n)
{
	jsonw_key(j, key);
	if (!is_there) {
		jsonw_null(j);
		return;
	}
	jsonw_object(j);
	write_counts(j, counts, n);
	jsonw_object_end(j);
}

#define GROUP(j, key, is_there, list) write_group(j, key, is_there, list, sizeof(list) / sizeof(*(list)))

void jsonw_evidence(struct json *j, const pipe_evidence *e)
{
	const struct count tests[] = { { "passed", e->passed },
				       { "failed", e->failed },
				       { "errors", e->errors },
				       { "flaky", e->flaky },
				       { "skipped", e->skipped },
				       { "quarantined", e->quarantined },
				       { "duration_ms", e->tests_ms < 0 ? 0 : (uint64_t)e->tests_ms } };
	const struct count coverage[] = { { "lines", e->lines },
					  { "lines_hit", e->lines_hit },
					  { "branches", e->branches },
					  { "branches_hit", e->branches_hit } };
	const struct count findings[] = {
		{ "critical", e->critical }, { "high", e->high },	{ "medium", e->medium },	{ "low", e->low },
		{ "info", e->info },	     { "unknown", e->unknown }, { "suppressed", e->suppressed }
	};
	const struct count others[] = { { "metrics", e->metrics },
					{ "components", e->components },
					{ "images", e->images },
					{ "reports", e->reports },
					{ "broken_reports", e->broken } };

	GROUP(j, "tests", e->has_tests, tests);
	GROUP(j, "coverage", e->has_coverage, coverage);
	GROUP(j, "findings", e->has_findings, findings);
	write_counts(j, others, sizeof(others) / sizeof(*others));
}
