// `context create`: a name for a daemon, of its own words or as another context has it.
import { command } from '../../session/context.ts';
import { checkContextName } from '../../../client/config/index.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { dockerEndpoint, ENDPOINT_FLAGS, endpointHelp } from './docker-endpoint.ts';
import { copyOf, place } from './copy.ts';

export const create = command({
  use: '[OPTIONS] CONTEXT',
  description: endpointHelp('Create a context', 'create'),
  args: exactly(1),
  flags: {
    ...ENDPOINT_FLAGS,
    from: flag.string('', 'create context from a named context'),
  },
  run(context, { flags, args: [name = ''], changed }) {
    checkContextName(name);
    if (context.contexts.has(name)) throw new Failure(`context "${name}" already exists`);
    const described = flags.description === '' ? {} : { Description: flags.description };
    if (changed('docker') && flags.from === '') {
      const { meta, tls } = dockerEndpoint(context, flags.docker);
      place(context, {
        meta: { Name: name, Metadata: described, Endpoints: { docker: meta } },
        tls: new Map([['docker', tls]]),
      });
    } else {
      if (flags.docker.size > 0) throw new Failure('cannot use --docker flag when --from is set');
      const { meta, tls } = copyOf(context, flags.from || context.currentContext);
      place(context, { meta: { ...meta, Name: name, Metadata: { ...meta.Metadata, ...described } }, tls });
    }
    context.out(`${name}\n`);
    context.err(`Successfully created context "${name}"\n`);
    return 0;
  },
});
