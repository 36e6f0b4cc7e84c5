// `context update`: other words or another daemon for a name.
import { command } from '../../session/context.ts';
import { checkContextName } from '../../../client/config/index.ts';
import { exactly } from '../../grammar/index.ts';
import { dockerEndpoint, ENDPOINT_FLAGS, endpointHelp } from './docker-endpoint.ts';

export const update = command({
  use: '[OPTIONS] CONTEXT',
  description: endpointHelp('Update a context', 'update'),
  args: exactly(1),
  flags: ENDPOINT_FLAGS,
  run(context, { flags, args: [name = ''], changed }) {
    checkContextName(name);
    const { contexts } = context;
    const before = contexts.get(name);
    const endpoint = changed('docker') ? dockerEndpoint(context, flags.docker) : undefined;
    contexts.save({
      ...before,
      Metadata: { ...before.Metadata, ...(flags.description === '' ? {} : { Description: flags.description }) },
      Endpoints: { ...before.Endpoints, ...(endpoint ? { docker: endpoint.meta } : {}) },
    });
    if (endpoint) contexts.setTls(name, 'docker', endpoint.tls);
    context.out(`${name}\n`);
    context.err(`Successfully updated context "${name}"\n`);
    return 0;
  },
});
