// `hub up`: a hub in a container of the daemon, made from this very program. Said again it changes what is to change, and keeps the data.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { text as textOf } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { BerthError } from '../../../base/errors.ts';
import { Demux } from '../../../client/index.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { showProgress } from '../../progress/index.ts';
import { command, type Context } from '../../session/context.ts';
import { displayOn } from '../shared/display-on.ts';
import {
  commandContainer,
  hubContainer,
  isLoopback,
  LABEL,
  parsePublish,
  ROOT,
  type HubSettings,
  TLS,
} from './container.ts';
import { digestOf, NODE, PROGRAM, type ProgramFile, programFiles } from './program-files.ts';

const REPOSITORY = 'berth-hub';
/** How long the hub may take until it says that it serves, milliseconds. */
const READY_MS = 20_000;

export const up = command({
  use: '[OPTIONS]',
  description: 'Run a hub in a container',
  args: exactly(0),
  flags: {
    name: flag.string('', 'Name of the container', 'berth-hub'),
    publish: flag.string('p', 'Where it is reached: [HOST:]PORT', '127.0.0.1:5000'),
    volume: flag.string('', 'Volume that holds the images', 'berth-hub'),
    admin: flag.string('', 'Make the first account; its password is read from standard input'),
    open: flag.bool('', 'Serve everybody who reaches it, as long as there is no account'),
    'tls-cert': flag.string('', 'Certificate in PEM: serve HTTPS'),
    'tls-key': flag.string('', 'Key of the certificate'),
    url: flag.string('', 'Address of the hub as clients reach it, behind a proxy'),
    'pull-limit': flag.string('', 'Manifests that one client may pull: 100/3600 is 100 an hour'),
    'no-delete': flag.bool('', 'Refuse to delete tags, manifests and blobs'),
  },
  async run(context, { flags }) {
    const place = parsePublish(flags.publish);
    if (!place) throw new Failure(`invalid address ${flags.publish}: [HOST:]PORT is wanted`);
    const isLocal = isLoopback(place.address);
    if (!isLocal && !flags.open && flags.admin === '')
      throw new Failure(
        `without accounts everybody who reaches ${place.address} may push and delete: make one (--admin NAME), or say --open`,
      );
    const tls = tlsFiles(flags['tls-cert'], flags['tls-key']);
    const files = programFiles(process.argv[1] ?? '', context.env['BERTH_NODE'] ?? process.execPath);
    const image = await makeImage(context, files);
    const settings: HubSettings = {
      ...place,
      image,
      volume: flags.volume,
      isOpen: flags.open || (isLocal && flags.admin === ''),
      hasTls: tls !== undefined,
      more: [
        ...(flags.url === '' ? [] : ['--url', flags.url]),
        ...(flags['pull-limit'] === '' ? [] : ['--pull-limit', flags['pull-limit']]),
        ...(flags['no-delete'] ? ['--no-delete'] : []),
      ],
    };
    if (flags.admin !== '') await addAdmin(context, settings, flags.admin);
    const before = await oldContainer(context, flags.name);
    const isSame = before?.settings === JSON.stringify(settings) && tls === undefined;
    if (!isSame) {
      if (before) await remove(context, flags.name);
      const body = hubContainer(settings);
      await context.client.call('ContainerCreate', { query: { name: flags.name }, body });
      if (tls) await placeTls(context, flags.name, tls);
    }
    if (!isSame || !before?.isRunning) {
      const since = Date.now();
      await context.client.text('ContainerStart', { params: { id: flags.name } });
      await untilServing(context, flags.name, since);
    }
    if (before && before.image !== image) await forgetImage(context, before.image);
    const host = place.address.includes(':') ? `[${place.address}]` : place.address;
    context.out(`${flags.name}: http${tls ? 's' : ''}://${host}:${place.port}\n`);
    return 0;
  },
});

/** The image of these files; made when the daemon does not have it. */
async function makeImage(context: Context, files: readonly ProgramFile[]): Promise<string> {
  const tag = digestOf(files).slice(0, 12);
  const image = `${REPOSITORY}:${tag}`;
  try {
    await context.client.call('ImageInspect', { params: { name: image } });
    return image;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const archive = pack();
  for (const { path, content, mode } of files) archive.entry({ name: path, mode, mtime: new Date(0) }, content);
  archive.finalize();
  const entrypoint = [NODE, '--disable-warning=ExperimentalWarning', PROGRAM, 'hub'];
  const answer = await context.client.stream('ImageCreate', {
    query: {
      fromSrc: '-',
      repo: REPOSITORY,
      tag,
      message: 'the hub of this Berth',
      changes: [`ENTRYPOINT ${JSON.stringify(entrypoint)}`, 'ENV PATH=/usr/bin', 'EXPOSE 5000', `VOLUME ${ROOT}`],
    },
    raw: archive as AsyncIterable<Uint8Array>,
  });
  await showProgress(answer.body, displayOn(context, undefined));
  return image;
}

interface OldContainer {
  readonly settings: string;
  readonly image: string;
  readonly isRunning: boolean;
}

/** Throws a Failure when the name belongs to something else. */
async function oldContainer(context: Context, name: string): Promise<OldContainer | undefined> {
  try {
    const { Config, State } = await context.client.call('ContainerInspect', { params: { id: name } });
    const settings = Config.Labels?.[LABEL];
    if (settings === undefined) throw new Failure(`the container ${name} is not a hub: choose another --name`);
    return { settings, image: Config.Image, isRunning: State.Running };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const isMissing = (error: unknown): boolean => error instanceof BerthError && error.kind === 'notFound';

/** It ends when what is under way is done. */
async function remove(context: Context, id: string): Promise<void> {
  await context.client.text('ContainerStop', { params: { id } });
  await context.client.text('ContainerDelete', { params: { id }, query: { force: true } });
}

/** Of another version of this program. It stays when somebody else uses it. */
async function forgetImage(context: Context, name: string): Promise<void> {
  await context.client.text('ImageDelete', { params: { name } }).catch(() => undefined);
}

async function addAdmin(context: Context, { image, volume }: HubSettings, name: string): Promise<void> {
  if (context.terminal(0)) throw new Failure('the password of --admin is read from standard input: pipe it in');
  const { client } = context;
  const password = await textOf(process.stdin);
  const { Id: id } = await client.call('ContainerCreate', {
    body: commandContainer(image, volume, ['user', 'add', '--admin', name]),
  });
  try {
    const query = { stream: true, stdin: true, stdout: true, stderr: true };
    const { wire } = await client.hijack('ContainerAttach', { params: { id }, query });
    await client.text('ContainerStart', { params: { id } });
    wire.socket.write(Buffer.from(password.endsWith('\n') ? password : `${password}\n`));
    wire.socket.end();
    const said: Buffer[] = [];
    const demux = new Demux((_stream, data) => said.push(Buffer.from(data)));
    for (let chunk = await wire.inbox.take(); chunk; chunk = await wire.inbox.take()) demux.push(chunk);
    const { StatusCode } = await client.call('ContainerWait', { params: { id } });
    if (StatusCode !== 0) throw new Failure(Buffer.concat(said).toString().trimEnd());
  } finally {
    await client.text('ContainerDelete', { params: { id }, query: { force: true } });
  }
}

interface TlsPair {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

function tlsFiles(certificate: string, key: string): TlsPair | undefined {
  if (certificate === '' && key === '') return undefined;
  if (certificate === '' || key === '') throw new Failure('--tls-cert and --tls-key belong together');
  return { certificate: readFileSync(certificate), key: readFileSync(key) };
}

async function placeTls(context: Context, id: string, { certificate, key }: TlsPair): Promise<void> {
  const archive = pack();
  const name = (path: string): string => path.slice(ROOT.length + 1);
  archive.entry({ name: 'tls', type: 'directory', mode: 0o700 });
  archive.entry({ name: name(TLS.certificate), mode: 0o644 }, certificate);
  archive.entry({ name: name(TLS.key), mode: 0o600 }, key);
  archive.finalize();
  await context.client.text('PutContainerArchive', {
    params: { id },
    query: { path: ROOT },
    raw: archive as AsyncIterable<Uint8Array>,
  });
}

/** Throws a Failure with what the hub said when it ends instead. */
async function untilServing(context: Context, id: string, since: number): Promise<void> {
  const { client } = context;
  for (const end = Date.now() + READY_MS; ; await pause(100)) {
    const query = { stdout: true, stderr: true, since: String(Math.floor(since / 1000)) };
    const log: Buffer[] = [];
    const demux = new Demux((_stream, data) => log.push(Buffer.from(data)));
    for await (const chunk of (await client.stream('ContainerLogs', { params: { id }, query })).body) demux.push(chunk);
    const said = Buffer.concat(log).toString();
    if (said.includes('hub serves')) return;
    const { State, RestartCount } = await client.call('ContainerInspect', { params: { id } });
    if (State.Running && RestartCount === 0 && Date.now() < end) continue;
    await client.text('ContainerStop', { params: { id } });
    throw new Failure(`the hub does not serve:\n${said.trimEnd()}`);
  }
}
