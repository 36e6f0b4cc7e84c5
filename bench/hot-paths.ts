// The ten paths that most work goes through, each as calls over a kept connection that can be repeated.
import { setTimeout as pause } from 'node:timers/promises';
import { pack } from 'tar-stream';
import type { Kept } from './kept.ts';

export interface HotPath {
  readonly name: string;
  /** Repetitions of one turn, chosen so that a turn takes about half a second. */
  readonly count: number;
  /** Once for each daemon. */
  prepare?(api: Kept): Promise<void>;
  once(api: Kept): Promise<void>;
}

const TRUE = { Image: 'busybox', Cmd: ['true'] };
const NO_NETWORK = { NetworkMode: 'none' };

/** Create, start, wait, remove. */
export async function life(api: Kept, body: object): Promise<void> {
  const { Id } = await api.json<{ Id: string }>('POST', '/containers/create', body);
  const ended = api.call('POST', `/containers/${Id}/wait?condition=next-exit`);
  await api.call('POST', `/containers/${Id}/start`);
  await ended;
  await api.call('DELETE', `/containers/${Id}?v=true`);
}

async function run(api: Kept, name: string, body: object): Promise<void> {
  await api.call('POST', `/containers/create?name=${name}`, body);
  await api.call('POST', `/containers/${name}/start`);
}

const sleeper = { Image: 'busybox', Cmd: ['sleep', '100000'], HostConfig: NO_NETWORK };
const IDLE = 20;

/** [name, text] of each file, as an archive. */
export async function archiveOf(files: Iterable<readonly [string, string]>): Promise<Buffer> {
  const archive = pack();
  for (const [name, text] of files) archive.entry({ name }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A Dockerfile with fifty files. */
function context(dockerfile: string): Promise<Buffer> {
  const files = Array.from({ length: 50 }, (_, index): [string, string] => [
    `files/${index}`,
    `${index}\n`.repeat(2000),
  ]);
  return archiveOf([['Dockerfile', dockerfile], ...files]);
}

const STEPS = `FROM busybox\nENV A=1\nWORKDIR /w\nCOPY files /w/files\nRUN echo one >one\nRUN echo two >two\nLABEL a=b\nCMD ["true"]\n`;

async function build(api: Kept, query: string): Promise<void> {
  const answer = await api.call('POST', `/build?t=hot&networkmode=none&${query}`, await context(STEPS));
  if (!answer.includes('Successfully built')) throw new Error(answer.toString().slice(-500));
}

let archive: Buffer | undefined;

export const HOT_PATHS: readonly HotPath[] = [
  {
    name: 'life of a container, no network',
    count: 15,
    once: (api) => life(api, { ...TRUE, HostConfig: NO_NETWORK }),
  },
  { name: 'life of a container, bridge', count: 10, once: (api) => life(api, TRUE) },
  {
    name: 'life with 5 binds, a volume, limits',
    count: 15,
    once: (api) =>
      life(api, {
        ...TRUE,
        Volumes: { '/data': {} },
        HostConfig: {
          ...NO_NETWORK,
          Binds: ['/bin', '/etc', '/usr', '/lib', '/sbin'].map((from) => `${from}:/mnt${from}:ro`),
          Memory: 64 * 1024 * 1024,
          PidsLimit: 100,
          NanoCpus: 1e9,
        },
      }),
  },
  {
    name: 'exec true',
    count: 20,
    prepare: (api) => run(api, 'execs', sleeper),
    async once(api) {
      const { Id } = await api.json<{ Id: string }>('POST', '/containers/execs/exec', {
        Cmd: ['true'],
        AttachStdout: true,
      });
      await api.drain('POST', `/exec/${Id}/start`, { Detach: false });
    },
  },
  {
    name: `ps with ${IDLE} containers`,
    count: 150,
    async prepare(api) {
      for (let index = 0; index < IDLE; index += 1) await run(api, `idle${index}`, sleeper);
    },
    once: async (api) => void (await api.call('GET', '/containers/json')),
  },
  {
    name: 'inspect of a container',
    count: 300,
    prepare: (api) => run(api, 'inspected', sleeper),
    once: async (api) => void (await api.call('GET', '/containers/inspected/json')),
  },
  {
    name: 'logs of 16 MB',
    count: 2,
    async prepare(api) {
      const text = 'yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 16000000';
      await run(api, 'logs', { Image: 'busybox', Cmd: ['sh', '-c', text], HostConfig: NO_NETWORK });
      await api.call('POST', '/containers/logs/wait');
      await pause(500);
    },
    once: async (api) => void (await api.drain('GET', '/containers/logs/logs?stdout=1&stderr=1')),
  },
  { name: 'build of 8 steps, no cache', count: 1, once: (api) => build(api, 'nocache=1') },
  { name: 'build of 8 steps, all cached', count: 15, once: (api) => build(api, '') },
  {
    name: 'load of an image',
    count: 5,
    async prepare(api) {
      archive ??= await api.call('GET', '/images/busybox/get');
    },
    async once(api) {
      await api.call('POST', '/images/load?quiet=1', archive);
    },
  },
];
