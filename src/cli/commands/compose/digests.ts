// Images of a project pinned to the digests that their registries have now; the daemon asks them.
import type { Project, Service } from '../../../compose/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { resolveDigest } from '../../../client/index.ts';
import { parseReference } from '../../../spec/docker/shorthand/index.ts';
import type { Context } from '../../session/context.ts';
import { Failure } from '../../grammar/index.ts';

export async function withDigests(project: Project, cli: Context): Promise<Project> {
  const images = await digestsOf(project.services, cli);
  const entries = Object.entries(project.services).map(([name, service]): [string, Service] => {
    const image = images.get(name);
    return [name, image === undefined ? service : { ...service, image }];
  });
  return { ...project, services: Object.fromEntries(entries) };
}

/** The pinned images of services that have one. */
export async function digestsOf(
  services: Readonly<Record<string, { readonly image?: string }>>,
  cli: Context,
): Promise<ReadonlyMap<string, string>> {
  const entries = await Promise.all(
    Object.entries(services).map(
      async ([name, { image }]): Promise<[string, string][]> =>
        image === undefined ? [] : [[name, await pinned(image, cli)]],
    ),
  );
  return new Map(entries.flat());
}

async function pinned(image: string, cli: Context): Promise<string> {
  const { name, tag, digest } = parseReference(image);
  const full = fullName(name);
  if (digest !== undefined) return `${full}@${digest}`;
  const tagged = `${full}:${tag ?? 'latest'}`;
  try {
    return await resolveDigest(cli.client, tagged, cli.credentials.header(image));
  } catch (error) {
    throw new Failure(`failed to resolve digest for ${tagged}: ${messageOf(error)}`);
  }
}

/** With the registry and the path that a short name stands for. */
function fullName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (hasHost) return name;
  return rest.length === 0 ? `docker.io/library/${name}` : `docker.io/${name}`;
}
