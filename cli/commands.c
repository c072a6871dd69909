/* The table of commands, in the order of the overview. */
#include "cli/cli.h"

#include <string.h>

const struct command *const commands[] = {
	&command_run,	   &command_lint,     &command_plan,	   &command_graph,     &command_explain,
	&command_schema,   &command_history,  &command_show,	   &command_logs,      &command_tests,
	&command_findings, &command_coverage, &command_compare,	   &command_artifacts, &command_scan,
	&command_retry,	   &command_cancel,   &command_advisories, &command_lua,       &command_gc,
	&command_version,  &command_help,     &command_completion, &command_manual,    NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}
