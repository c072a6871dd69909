/* The scanner as pipe.h shows it. */
#include "base/error.h"
#include "base/str.h"
#include "runner/scan/scan.h"
#include "runner/scan/trivy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pipe_scan {
	struct arena arena;
	struct scan_report report;
	atomic_bool cancel;
	int (*progress)(void *payload, const char *line);
	void *payload;
};

static void on_progress(void *payload, const char *line)
{
	pipe_scan *s = payload;

	if (s->progress && s->progress(s->payload, line))
		atomic_store(&s->cancel, true);
}

static int translate(pipe_scan *s, const pipe_scan_options *from, struct scan_options *to, pipe_error *err)
{
	const char *scratch = getenv("TMPDIR");

	*to = (struct scan_options){ .target = from->target,
				     .what = (from->vulnerabilities ? SCAN_VULNERABILITIES : 0u) |
					     (from->secrets ? SCAN_SECRETS : 0u),
				     .db = from->db,
				     .max_age_ms = from->max_age_ms,
				     .ignore_files = from->ignore_files,
				     .vex_files = from->vex_files,
				     .skip = from->skip,
				     .development = from->development,
				     .verify = from->verify,
				     .envp = (const char *const *)environ,
				     .tree = { .platform = from->platform,
					       .scratch = scratch && *scratch ? scratch : "/tmp",
					       .docker_config = from->docker_config,
					       .ca_file = from->ca_file,
					       .insecure = from->insecure,
					       .plain_http = from->plain_http,
					       .cancel = &s->cancel,
					       .progress = on_progress,
					       .progress_payload = s } };
	if (from->type && !scan_target_from(from->type, &to->type))
		return error_set(err, PIPE_EUSAGE,
				 "\"%.100s\" can not be scanned: image, rootfs, filesystem, repository or sbom can", from->type);
	return PIPE_OK;
}

static int scan_with(const char *scanner, const struct scan_options *o, struct scan_report *report, pipe_error *err)
{
	const char *trivy = NULL;

	if (!scanner || !strcmp(scanner, "builtin"))
		return scan_run(o, report, err);
	if (strcmp(scanner, "trivy") != 0 && strcmp(scanner, "auto") != 0)
		return error_set(err, PIPE_EUSAGE, "there is no scanner \"%.100s\": builtin, trivy or auto", scanner);
	trivy = trivy_find(o->envp, report->arena);
	if (!trivy && !strcmp(scanner, "auto"))
		return scan_run(o, report, err);
	if (!trivy)
		return error_set(err, PIPE_EUNSUPPORTED, "there is no trivy on the PATH; --scanner builtin needs none");
	return trivy_run(trivy, o, report, err);
}

int pipe_scan_run(pipe_scan **out, const pipe_scan_options *opts, pipe_error *err)
{
	struct scan_options o;
	pipe_scan *s;
	int rc;

	if (!out)
		return error_set(err, PIPE_EUSAGE, "nowhere to put the scan");
	*out = NULL;
	if (!opts || opts->version != PIPE_SCAN_OPTIONS_VERSION)
		return error_version(err, "pipe_scan_options", opts ? opts->version : 0, PIPE_SCAN_OPTIONS_VERSION);
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_nomem(err);
	s->report.arena = &s->arena;
	s->progress = opts->progress;
	s->payload = opts->payload;
	rc = translate(s, opts, &o, err);
	if (rc == PIPE_OK)
		rc = scan_with(opts->scanner, &o, &s->report, err);
	if (rc) {
		pipe_scan_free(s);
		return rc;
	}
	*out = s;
	return PIPE_OK;
}

void pipe_scan_free(pipe_scan *scan)
{
	if (!scan)
		return;
	arena_clear(&scan->arena);
	free(scan);
}

/* ---- looking at it ---- */

/* A list of names, by commas. */
static int severity_bits(const char *text, unsigned *bits, pipe_error *err)
{
	*bits = 0;
	while (text && *text) {
		size_t n = strcspn(text, ",");
		enum severity severity;
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : sizeof(name) - 1), text);
		if (n && !severity_from(name, &severity))
			return error_set(err, PIPE_EUSAGE, "there is no severity \"%s\": unknown, low, medium, high or critical",
					 name);
		if (n)
			*bits |= 1u << severity;
		text += n + (text[n] == ',');
	}
	return PIPE_OK;
}

static int translate_show(const pipe_scan_show *from, struct scan_show *to, pipe_error *err)
{
	*to = (struct scan_show){ 0 };
	if (!from)
		return PIPE_OK;
	if (from->version != PIPE_SCAN_SHOW_VERSION)
		return error_version(err, "pipe_scan_show", from->version, PIPE_SCAN_SHOW_VERSION);
	to->ignore_unfixed = from->ignore_unfixed;
	to->suppressed = from->suppressed;
	to->columns = from->columns;
	to->colour = from->colour;
	return severity_bits(from->severities, &to->severities, err);
}

int pipe_scan_write(const pipe_scan *scan, enum pipe_scan_format format, const pipe_scan_show *show, pipe_write_cb write,
		    void *payload, pipe_error *err)
{
	static const enum scan_report_format formats[] = {
		[PIPE_SCAN_TABLE] = SCAN_TABLE, [PIPE_SCAN_JSON] = SCAN_JSON, [PIPE_SCAN_SARIF] = SCAN_SARIF
	};
	struct scan_show s;
	struct str out;
	int rc = translate_show(show, &s, err);

	if (rc)
		return rc;
	str_init(&out);
	out.write = write;
	out.payload = payload;
	rc = scan_report_write(&scan->report, formats[format], &s, &out, err);
	if (rc == PIPE_OK && !out.failed && out.length && write(payload, out.data, out.length))
		out.failed = true;
	if (rc == PIPE_OK && out.failed)
		rc = error_set(err, PIPE_EIO, "the report could not be written");
	str_clear(&out);
	return rc;
}

int pipe_scan_count(const pipe_scan *scan, const pipe_scan_show *show, const char *least, uint64_t *count, pipe_error *err)
{
	enum severity bound = SEVERITY_UNKNOWN;
	struct scan_show s;
	int rc = translate_show(show, &s, err);

	if (rc)
		return rc;
	if (least && !severity_from(least, &bound))
		return error_set(err, PIPE_EUSAGE, "there is no severity \"%.100s\": unknown, low, medium, high or critical",
				 least);
	*count = 0;
	for (uint32_t i = 0; scan && i < scan->report.results.count; i++) {
		const struct scan_result *result = &scan->report.results.items[i];
		for (uint32_t k = 0; k < result->findings.count; k++)
			*count += result->findings.items[k].severity >= (uint8_t)bound &&
				  scan_finding_counts(&result->findings.items[k], &s);
	}
	return PIPE_OK;
}
