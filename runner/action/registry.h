/* Registries, as actions reach them. */
#ifndef RUNNER_ACTION_REGISTRY_H
#define RUNNER_ACTION_REGISTRY_H

#include "runner/action/action.h"
#include "runner/oci/reference.h"
#include "runner/oci/registry.h"

/* The registry of a reference, under the job's environment; close it with registry_close. */
int action_registry_open(struct registry **out, const struct oci_reference *reference, const struct action_registry *how,
			 const struct action_context *context, pipe_error *err);

#endif
