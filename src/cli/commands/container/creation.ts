// Creates a container: pull policy, cidfile, warnings.
import { readPlatform } from '../image/platform.ts';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { BerthError, isErrno, messageOf } from '../../../base/errors.ts';
import type { ContainerCreateBody } from '../../../spec/docker/container.ts';
import type { Context } from '../../session/context.ts';
import { Failure, NAME_IN_ERRORS } from '../../grammar/index.ts';
import { isImageId, parseReference, withDefaultTag } from '../../../spec/docker/shorthand/index.ts';
import { type CreateInput, createBody, DeviceError } from './config.ts';

/** The refusal of `run` and `create`: what is wrong, and where help is. */
export function withHelp(message: string, verb: string, code = 125): Failure {
  return new Failure(
    `${NAME_IN_ERRORS}: ${message}\n\nRun '${NAME_IN_ERRORS} ${verb} --help' for more information`,
    code,
  );
}

/** Checks the flags and makes the body. Throws Failure with exit code 125. */
export async function planCreation(context: Context, verb: string, input: CreateInput): Promise<ContainerCreateBody> {
  const { pull } = input.flags;
  if (!['always', 'missing', 'never', ''].includes(pull)) {
    throw withHelp(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`, verb);
  }
  try {
    const body = createBody(input);
    const { detached } = proxies(context);
    return detached.length > 0 ? { ...body, Env: [...detached, ...(body.Env ?? [])] } : body;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw withHelp((error as Error).message, verb);
    // Docker reads devices by the rules of the daemon's system, which an absent daemon can't tell.
    const known = await context.client.serverVersion().then(
      () => true,
      () => false,
    );
    throw withHelp(known ? error.message : 'unknown server OS: ', verb);
  }
}

/** Variables for containers that the client configuration names under `proxies`. */
function proxies(context: Context): { detached: string[] } {
  const settings = context.config()['proxies'];
  if (typeof settings !== 'object' || settings === null) return { detached: [] };
  const all = settings as Record<string, Record<string, string> | undefined>;
  const own = all[context.endpoint.shown] ?? all['default'] ?? {};
  const names = {
    httpProxy: 'HTTP_PROXY',
    httpsProxy: 'HTTPS_PROXY',
    noProxy: 'NO_PROXY',
    ftpProxy: 'FTP_PROXY',
    allProxy: 'ALL_PROXY',
  };
  const detached = Object.entries(names).flatMap(([key, name]) => {
    const value = own[key];
    return value === undefined ? [] : [`${name}=${value}`, `${name.toLowerCase()}=${value}`];
  });
  return { detached };
}

export interface Creation {
  readonly body: ContainerCreateBody;
  readonly name: string;
  readonly platform: string;
  readonly pull: string;
  readonly quiet: boolean;
  readonly cidfile: string;
}

/** Gives the id. Throws Error for what is wrong here, BerthError for what the daemon refused. */
export async function createContainer(context: Context, creation: Creation): Promise<string> {
  const { cidfile } = creation;
  const idFile = cidfile === '' ? undefined : newIdFile(cidfile);
  let id = '';
  try {
    const { body } = creation;
    const image = body.Image ?? '';
    const named = isImageId(image) ? undefined : withDefaultTag(parseReference(image));
    if (creation.platform !== '') readPlatform(creation.platform, 'error parsing specified platform: ');
    if (creation.pull === 'always') await pull(context, image, creation);
    const call = () =>
      context.client.call('ContainerCreate', {
        query: {
          ...(creation.name === '' ? {} : { name: creation.name }),
          ...(creation.platform === '' ? {} : { platform: creation.platform }),
        },
        body: { ...body, HostConfig: { ...body.HostConfig, ConsoleSize: context.size() } },
      });
    const answer = await call().catch(async (error: unknown) => {
      if (
        !(error instanceof BerthError) ||
        error.kind !== 'notFound' ||
        named === undefined ||
        creation.pull !== 'missing'
      )
        throw error;
      if (!creation.quiet) context.err(`Unable to find image '${named}' locally\n`);
      await pull(context, image, creation);
      return call();
    });
    id = answer.Id;
    const warnings = [...(answer.Warnings ?? []), ...localDns(body.HostConfig?.Dns ?? [])];
    for (const warning of warnings) context.err(`WARNING: ${warning}\n`);
    if (idFile !== undefined) writeFileSync(idFile, id);
    return id;
  } finally {
    if (idFile !== undefined) closeSync(idFile);
    if (cidfile !== '' && id === '') rmSync(cidfile, { force: true });
  }
}

/** Open for writing; whatever has the name already, a link that leads nowhere too, is somebody else's. */
function newIdFile(path: string): number {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    if (!isErrno(error, 'EEXIST'))
      throw new Error(`failed to create the container ID file: ${messageOf(error)}`, { cause: error });
    throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`, {
      cause: error,
    });
  }
}

function localDns(servers: readonly (string | undefined)[]): string[] {
  const local = servers.find((ip) => ip !== undefined && /^127\.|^::1$/.test(ip));
  return local === undefined ? [] : [`Localhost DNS (${local}) may fail in containers.`];
}

async function pull(context: Context, image: string, creation: Creation): Promise<void> {
  const { pullImage } = await import('../image/pulling.ts');
  await pullImage(context, image, { platform: creation.platform, fd: creation.quiet ? undefined : 2 });
}
