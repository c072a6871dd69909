/* The built-in scanner as an action: its report goes to files, a table of it into the job's log. */
#include "runner/scan/scan.h"
#include "base/error.h"
#include "base/str.h"
#include "runner/action/action.h"
#include "runner/files/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LOG_COLUMNS = 120 };

static void on_progress(void *payload, const char *line)
{
	struct action_context *context = payload;

	context->say(context->payload, line);
}

/* ---- files ---- */

static int write_some(void *payload, const char *text, size_t length)
{
	return fd_write_all(*(int *)payload, text, length);
}

static int write_report(const struct scan_report *report, enum scan_report_format format, const char *path, pipe_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), rc;
	const struct scan_show all = { 0 };
	struct str out;

	if (fd < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot write %s", path);
	str_init(&out);
	out.write = write_some;
	out.payload = &fd;
	rc = scan_report_write(report, format, &all, &out, err);
	if (rc == PIPE_OK && (out.failed || fd_write_all(fd, out.data, out.length)))
		rc = error_errno(err, PIPE_EIO, errno, "cannot write %s", path);
	str_clear(&out);
	if (close(fd) && rc == PIPE_OK)
		rc = error_errno(err, PIPE_EIO, errno, "cannot write %s", path);
	return rc;
}

/* ---- the log ---- */

static int say_table(const struct scan_report *report, const struct action_scan *a, struct action_context *context,
		     pipe_error *err)
{
	struct scan_show show = { .severities = a->severities, .ignore_unfixed = a->ignore_unfixed, .columns = LOG_COLUMNS };
	struct str out;
	int rc;

	str_init(&out);
	rc = scan_report_write(report, SCAN_TABLE, &show, &out, err);
	if (rc == PIPE_OK && out.failed)
		rc = error_nomem(err);
	for (char *line = out.data, *end; rc == PIPE_OK && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		context->say(context->payload, line);
	}
	str_clear(&out);
	return rc;
}

/* A reference to an image stays as it is; everything else is a path of the workspace, where it is there. */
static const char *shown(const struct action_scan *a)
{
	return !strcmp(a->target, ".") ? "the workspace" : a->target;
}

int action_scan(const void *arguments, struct action_context *context, pipe_error *err)
{
	const struct action_scan *a = arguments;
	struct scan_report report = { .arena = context->arena };
	struct scan_options o = { .target = a->target,
				  .directory = context->workspace,
				  .shown = shown(a),
				  .what = (a->vulnerabilities ? SCAN_VULNERABILITIES : 0u) | (a->secrets ? SCAN_SECRETS : 0u),
				  .db = a->db ? action_path(context, a->db) : NULL,
				  .max_age_ms = a->max_age_ms,
				  .ignore_files = a->ignore_files,
				  .vex_files = a->vex_files,
				  .skip = a->skip,
				  .development = a->development,
				  .tree = { .platform = a->platform,
					    .scratch = context->scratch,
					    .docker_config = a->registry.docker_config,
					    .ca_file = a->registry.ca_file ? action_path(context, a->registry.ca_file) : NULL,
					    .insecure = a->registry.insecure,
					    .plain_http = a->registry.plain_http,
					    .cancel = context->cancel,
					    .progress = on_progress,
					    .progress_payload = context },
				  .envp = context->envp };
	const char *sarif = a->sarif ? action_path(context, a->sarif) : NULL;
	int rc;

	if (a->type && !scan_target_from(a->type, &o.type))
		return error_set(err, PIPE_EUSAGE, "\"%s\" cannot be scanned", a->type);
	rc = scan_run(&o, &report, err);
	if (rc == PIPE_OK)
		rc = write_report(&report, SCAN_JSON, action_path(context, a->report), err);
	if (rc == PIPE_OK && sarif)
		rc = write_report(&report, SCAN_SARIF, sarif, err);
	return rc == PIPE_OK ? say_table(&report, a, context, err) : rc;
}
