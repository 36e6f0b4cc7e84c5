// Images of a project pinned to the digests that their registries have now; the daemon asks them.
import type { Project, Service } from '../../../compose/index.ts';
import type { Context } from '../../context.ts';
import { parseReference } from '../../options/index.ts';
import { registryAuth } from '../registry-auth.ts';

export async function withDigests(project: Project, cli: Context): Promise<Project> {
  const entries = await Promise.all(
    Object.entries(project.services).map(async ([name, service]): Promise<[string, Service]> => {
      if (service.image === undefined) return [name, service];
      return [name, { ...service, image: await pinned(service.image, cli) }];
    }),
  );
  return { ...project, services: Object.fromEntries(entries) };
}

async function pinned(image: string, cli: Context): Promise<string> {
  const { name, tag, digest } = parseReference(image);
  const full = fullName(name);
  if (digest !== undefined) return `${full}@${digest}`;
  const tagged = `${full}:${tag ?? 'latest'}`;
  const { Descriptor } = await cli.client.json<{ Descriptor: { digest: string } }>('DistributionInspect', {
    params: { name: tagged },
    headers: { 'x-registry-auth': registryAuth(cli, image) },
  });
  return `${tagged}@${Descriptor.digest}`;
}

/** With the registry and the path that a short name stands for. */
function fullName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (hasHost) return name;
  return rest.length === 0 ? `docker.io/library/${name}` : `docker.io/${name}`;
}
