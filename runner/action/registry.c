/* From the arguments of an action to a conversation with a registry. */
#include "runner/action/registry.h"

#include "base/error.h"

int action_registry_open(struct registry **out, const struct oci_reference *reference, const struct action_registry *how,
			 const struct action_context *context, pipe_error *err)
{
	struct registry_options o = { .docker_config = how->docker_config ? action_path(context, how->docker_config) : NULL,
				      .envp = context->envp,
				      .ca_file = how->ca_file ? action_path(context, how->ca_file) : NULL,
				      .insecure = how->insecure,
				      .plain_http = how->plain_http,
				      .cancel = context->cancel };

	*out = NULL;
	if ((how->docker_config && !o.docker_config) || (how->ca_file && !o.ca_file))
		return error_nomem(err);
	return registry_open(out, reference->registry, &o, err);
}
