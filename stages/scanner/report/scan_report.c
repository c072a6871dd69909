/* A scan's report on its way out: which findings are meant, and what its writers share. */
#include "stages/scanner/report/scan_report.h"

#include "base/error.h"
#include "stages/scanner/report/writing.h"

#include <string.h>

const char *writing_text(const char *text)
{
	return text ? text : "";
}

const char *writing_severity(uint8_t severity)
{
	static const char *const names[] = {
		[SEVERITY_UNKNOWN] = "UNKNOWN", [SEVERITY_INFO] = "INFO", [SEVERITY_LOW] = "LOW",
		[SEVERITY_MEDIUM] = "MEDIUM",	[SEVERITY_HIGH] = "HIGH", [SEVERITY_CRITICAL] = "CRITICAL",
	};

	return severity < sizeof(names) / sizeof(*names) ? names[severity] : names[SEVERITY_UNKNOWN];
}

static bool within(const struct scan_finding *f, const struct scan_show *show)
{
	if (show->severities && !(show->severities & 1u << f->severity))
		return false;
	return !show->ignore_unfixed || f->kind != FINDING_VULNERABILITY || *writing_text(f->fixed);
}

bool scan_finding_counts(const struct scan_finding *f, const struct scan_show *show)
{
	return !f->suppressed && within(f, show);
}

bool writing_shows(const struct writing *w, const struct scan_finding *f)
{
	return within(f, w->show);
}

const char *writing_purl(struct writing *w, const struct scan_result *r, const struct scan_package *p)
{
	bool os = r->packages && r->packages->class == PACKAGE_OS;
	const char *purl = writing_text(p->purl);

	if (!*purl)
		purl = package_purl(&w->scratch, r->type, os ? &w->report->os : NULL, p);
	return writing_text(purl);
}

json_t *writing_cvss(const struct scan_finding *f)
{
	const char *text = f->details ? writing_text(f->details->cvss) : "";
	json_t *json = *text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (json && !json_is_object(json)) {
		json_decref(json);
		return NULL;
	}
	return json;
}

void writing_parts(const char *list, char separator, void (*each)(void *context, const char *part, size_t length), void *context)
{
	while (list && *list) {
		size_t n = strcspn(list, (const char[]){ separator, '\0' });
		const char *part = list + strspn(list, " \t\r");
		size_t length = part < list + n ? n - (size_t)(part - list) : 0;

		while (length && strchr(" \t\r", part[length - 1]))
			length--;
		if (length)
			each(context, part, length);
		list += n;
		list += *list == separator;
	}
}

int scan_report_write(const struct scan_report *report, enum scan_report_format format, const struct scan_show *show,
		      struct str *out, pipe_error *err)
{
	static void (*const writers[])(struct writing * w) = {
		[SCAN_TABLE] = writing_table,
		[SCAN_JSON] = writing_trivy,
		[SCAN_SARIF] = writing_sarif,
	};
	struct writing w = { .report = report, .show = show, .out = out };

	if ((size_t)format >= sizeof(writers) / sizeof(*writers))
		return error_set(err, PIPE_EUSAGE, "there is no such format of a scan's report");
	writers[format](&w);
	arena_clear(&w.scratch);
	if (w.failed)
		return error_nomem(err);
	if (out->failed)
		return out->write ? error_set(err, PIPE_EIO, "the report could not be written") : error_nomem(err);
	return PIPE_OK;
}
