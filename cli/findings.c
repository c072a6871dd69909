/* findings: what analysers, compilers and scanners found in a run. */
#include "cli/sheet.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(name) offsetof(struct settings, name)

static const char *const formats[] = { "text", "json", NULL };
static const char *const severities[] = { "critical", "high", "medium", "low", "info", "unknown", NULL };
static const char *const kinds[] = { "issue", "warning", "vulnerability", "secret", "misconfiguration", "license", NULL };
static const struct option findings_own[] = {
	{ "severity", 's', OPTION_CHOICE, FIELD(severity), "LEVEL", "at least: critical, high, medium, low, info or unknown",
	  severities },
	{ "kind", 'k', OPTION_CHOICE, FIELD(finding_kind), "KIND",
	  "only: issue, warning, vulnerability, secret, misconfiguration or license", kinds },
	{ "new", 0, OPTION_ON, FIELD(only_new), NULL, "only those that the last good run of the target branch does not have",
	  NULL },
	{ "job", 'j', OPTION_TEXT, FIELD(job), "JOB", "only those of this job", NULL },
	{ "suppressed", 0, OPTION_ON, FIELD(suppressed), NULL, "also those that their tool was told to pass over", NULL },
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "text or json", formats },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
static const struct option *const findings_tables[] = { findings_own, NULL };

enum { PLACE_MOST = 36 };

/* Fills the question from the command line; the run to compare with is found here. */
static int ask(struct sheet *s, pipe_finding_options *o, int64_t *baseline)
{
	const struct settings *set = &s->c->set;
	int rc;

	*o = (pipe_finding_options)PIPE_FINDING_OPTIONS_INIT;
	o->job = set->job;
	o->kind = set->finding_kind;
	o->least = set->severity;
	o->suppressed = set->suppressed;
	*baseline = 0;
	if (!set->only_new)
		return PIPE_OK;
	rc = pipe_history_baseline(s->project, s->run, baseline, &s->err);
	if (rc == PIPE_ENOTFOUND) {
		say(s->c, "everything counts as new: %s", s->err.text);
		rc = PIPE_OK;
	}
	o->not_in = *baseline;
	return rc;
}

/* ---- text ---- */

struct listing {
	struct sheet *s;
	unsigned place; /* columns */
	uint64_t count[sizeof(severities) / sizeof(*severities)];
};

static size_t level(const char *severity)
{
	size_t i = 0;

	while (severities[i] && strcmp(severities[i], severity) != 0)
		i++;
	return i;
}

static int measure(void *payload, const pipe_finding_record *f)
{
	struct listing *l = payload;
	struct arena kept = l->s->c->arena;
	unsigned width;

	l->s->c->arena = (struct arena)ARENA_INIT;
	width = sheet_width(l->s, sheet_place(l->s, f));
	arena_clear(&l->s->c->arena);
	l->s->c->arena = kept;
	l->place = width > PLACE_MOST ? PLACE_MOST : width > l->place ? width : l->place;
	l->count[level(f->severity)]++;
	return 0;
}

static int text_row(void *payload, const pipe_finding_record *f)
{
	struct listing *l = payload;
	struct arena kept = l->s->c->arena;

	l->s->c->arena = (struct arena)ARENA_INIT; /* of this row alone: there may be a million */
	sheet_finding(l->s, f, l->place);
	arena_clear(&l->s->c->arena);
	l->s->c->arena = kept;
	return sheet_pass(l->s);
}

static int show_text(struct sheet *s, pipe_finding_options o)
{
	struct listing l = { .s = s };
	int rc = pipe_history_findings(s->project, s->run, &o, measure, &l, &s->err);

	for (size_t i = 0; !rc && severities[i]; i++) {
		if (!l.count[i])
			continue;
		sheet_heading(s, sheet_severity_sgr(severities[i]), "%s (%" PRIu64 ")", severities[i], l.count[i]);
		o.least = o.most = severities[i];
		rc = pipe_history_findings(s->project, s->run, &o, text_row, &l, &s->err);
	}
	return rc;
}

/* ---- JSON ---- */

static int json_row(void *payload, const pipe_finding_record *f)
{
	struct sheet *s = payload;

	record_finding(&s->json, f);
	return sheet_pass(s);
}

static int show_json(struct sheet *s, const pipe_finding_options *o, int64_t baseline, const pipe_evidence *e)
{
	int rc;

	jsonw_init(&s->json, &s->out, true);
	jsonw_object(&s->json);
	jsonw_kint(&s->json, "run", s->run);
	jsonw_kint_if(&s->json, "baseline", baseline != 0, baseline);
	jsonw_key(&s->json, "evidence");
	record_evidence(&s->json, e);
	jsonw_key(&s->json, "findings");
	jsonw_array(&s->json);
	rc = pipe_history_findings(s->project, s->run, o, json_row, s, &s->err);
	jsonw_array_end(&s->json);
	jsonw_object_end(&s->json);
	str_addc(&s->out, '\n');
	return rc;
}

static int findings(struct cli *c)
{
	pipe_finding_options o;
	pipe_evidence e;
	int64_t baseline;
	struct sheet s;
	int status = sheet_open(&s, c), rc;

	if (status)
		return status;
	rc = pipe_history_evidence(s.project, s.run, c->set.job, &e, &s.err);
	if (!rc)
		rc = ask(&s, &o, &baseline);
	if (rc)
		return sheet_close(&s, rc);
	if (is_json(c))
		return sheet_close(&s, show_json(&s, &o, baseline, &e));
	sheet_run(&s, s.run, &e);
	if (baseline)
		str_printf(&s.out, "new since run %" PRId64 "\n", baseline);
	rc = sheet_broken(&s, c->set.job);
	if (!rc && !e.has_findings)
		str_adds(&s.out, "no report of findings was read\n");
	return sheet_close(&s, rc ? rc : show_text(&s, o));
}

const struct command command_findings = {
	"findings",
	"[RUN]",
	"show what analysers, compilers and scanners found, the worst first",
	"Without RUN, or with \"last\", the last run is meant. A finding is new when the last successful run of the target branch does not have it, "
	"wherever its line has moved.",
	"pipe findings\npipe findings 12 --severity high --new\npipe findings --kind vulnerability --format json\n",
	findings_tables,
	0,
	1,
	findings,
	false,
};
