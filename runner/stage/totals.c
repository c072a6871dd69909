#include "runner/stage/totals.h"

#include "base/str.h"

#include <stdio.h>

void totals_publish(const struct evidence_totals *t, pipe_evidence *out)
{
	uint64_t by_severity[SEVERITY_COUNT] = { 0 };
	int has_findings = 0;

	for (unsigned k = 0; k < FINDING_KIND_COUNT; k++) {
		has_findings |= t->has_findings[k];
		for (unsigned s = 0; s < SEVERITY_COUNT; s++)
			by_severity[s] += t->findings[k][s];
	}
	*out = (pipe_evidence){ .has_tests = t->has_tests,
				.has_coverage = t->has_coverage,
				.has_findings = has_findings,
				.passed = t->tests[TEST_PASSED],
				.failed = t->tests[TEST_FAILED],
				.errors = t->tests[TEST_ERROR],
				.flaky = t->tests[TEST_FLAKY],
				.skipped = t->tests[TEST_SKIPPED],
				.quarantined = t->quarantined,
				.tests_ms = t->tests_us / 1000,
				.lines = t->lines,
				.lines_hit = t->lines_hit,
				.branches = t->branches,
				.branches_hit = t->branches_hit,
				.critical = by_severity[SEVERITY_CRITICAL],
				.high = by_severity[SEVERITY_HIGH],
				.medium = by_severity[SEVERITY_MEDIUM],
				.low = by_severity[SEVERITY_LOW],
				.info = by_severity[SEVERITY_INFO],
				.unknown = by_severity[SEVERITY_UNKNOWN],
				.suppressed = t->suppressed,
				.metrics = t->metrics,
				.components = t->components,
				.images = t->images,
				.reports = t->reports,
				.broken = t->broken,
				.conditions = t->conditions,
				.conditions_failed = t->conditions_failed };
}

bool totals_are_nothing(const pipe_evidence *e)
{
	return !e->reports && !e->broken && !e->has_tests && !e->has_coverage && !e->has_findings && !e->metrics &&
	       !e->components && !e->images && !e->conditions;
}

struct count {
	uint64_t number;
	const char *word;
};

static void begin_part(struct str *out)
{
	if (out->length)
		str_adds(out, " \xc2\xb7 ");
}

/* "tests 812 passed, 1 failed": the counts that are not 0. */
static void add_part(struct str *out, const char *name, const struct count *counts, size_t n)
{
	const char *before = " ";

	begin_part(out);
	str_adds(out, name);
	for (size_t i = 0; i < n; i++)
		if (counts[i].number) {
			str_printf(out, "%s%llu %s", before, (unsigned long long)counts[i].number, counts[i].word);
			before = ", ";
		}
	if (*before == ' ')
		str_adds(out, " none");
}

static void add_number(struct str *out, uint64_t number, const char *one, const char *many)
{
	if (!number)
		return;
	begin_part(out);
	str_printf(out, "%llu %s", (unsigned long long)number, number == 1 ? one : many);
}

int pipe_evidence_text(const pipe_evidence *e, pipe_write_cb write, void *payload)
{
	const struct count tests[] = { { e->passed, "passed" }, { e->failed, "failed" },   { e->errors, "broken" },
				       { e->flaky, "flaky" },	{ e->skipped, "skipped" }, { e->quarantined, "quarantined" } };
	const struct count findings[] = {
		{ e->critical, "critical" }, { e->high, "high" }, { e->medium, "medium" },
		{ e->low, "low" },	     { e->info, "info" }, { e->unknown, "of unknown severity" }
	};
	struct str out;
	int rc;

	str_init(&out);
	if (e->has_tests)
		add_part(&out, "tests", tests, sizeof(tests) / sizeof(*tests));
	if (e->has_coverage && e->lines) {
		begin_part(&out);
		str_printf(&out, "coverage %.1f %%", 100.0 * (double)e->lines_hit / (double)e->lines);
	} else if (e->has_coverage) {
		begin_part(&out);
		str_adds(&out, "coverage of no line");
	}
	if (e->has_findings)
		add_part(&out, "findings", findings, sizeof(findings) / sizeof(*findings));
	add_number(&out, e->metrics, "metric", "metrics");
	add_number(&out, e->components, "component", "components");
	add_number(&out, e->images, "image", "images");
	add_number(&out, e->conditions, "condition", "conditions");
	if (e->conditions_failed)
		str_printf(&out, ", %llu failed", (unsigned long long)e->conditions_failed);
	else if (e->conditions)
		str_adds(&out, ", none failed");
	add_number(&out, e->broken, "report that cannot be read", "reports that cannot be read");
	rc = out.failed ? PIPE_ENOMEM : out.length && write(payload, out.data, out.length) ? PIPE_EIO : PIPE_OK;
	str_clear(&out);
	return rc;
}
