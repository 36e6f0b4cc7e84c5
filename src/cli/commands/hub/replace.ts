// Starts the container of a hub, and puts one in the place of another, which comes back when the new one cannot serve.
import { setTimeout as pause } from 'node:timers/promises';
import { pack } from 'tar-stream';
import { type Client, Demux } from '../../../client/index.ts';
import { Failure } from '../../grammar/index.ts';
import { timestamp } from '../shared/time.ts';
import { hubContainer, type HubSettings, ROOT, TLS } from './container.ts';
import { type ExistingHub, removeHub } from './existing.ts';
import type { TlsPair } from './serve-settings.ts';

/** How long the hub may take until it says that it serves, milliseconds. */
const READY_MS = 20_000;

/** Throws a Failure with what the hub said when it does not serve; then everything is as it was. */
export async function replaceHub(
  client: Client,
  name: string,
  settings: HubSettings,
  { before, tls }: { readonly before: ExistingHub | undefined; readonly tls: TlsPair | undefined },
): Promise<void> {
  if (before) {
    // both want the port and the volume
    await client.text('ContainerStop', { params: { id: before.id } });
    await client.text('ContainerRename', {
      params: { id: before.id },
      query: { name: `${name}-${before.id.slice(0, 12)}` },
    });
  }
  let made: string | undefined;
  try {
    const { Id: id } = await client.call('ContainerCreate', { query: { name }, body: hubContainer(settings) });
    made = id;
    if (tls) await placeTls(client, id, tls);
    await startHub(client, id);
  } catch (error) {
    if (made !== undefined) await removeHub(client, made);
    if (before) {
      await client.text('ContainerRename', { params: { id: before.id }, query: { name } });
      // what is said is why the new one does not serve
      if (before.isRunning) await startHub(client, before.id).catch(() => undefined);
    }
    throw error;
  }
  if (before) await removeHub(client, before.id);
}

/** Until it serves. Throws a Failure with what the hub said when it ends instead; it is stopped then. */
export async function startHub(client: Client, id: string): Promise<void> {
  await client.text('ContainerStart', { params: { id } });
  const started = (await client.call('ContainerInspect', { params: { id } })).State.StartedAt;
  for (const end = Date.now() + READY_MS; ; await pause(100)) {
    // what it said in an earlier life does not count
    const query = { stdout: true, stderr: true, since: timestamp(started) };
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

async function placeTls(client: Client, id: string, { cert, key }: TlsPair): Promise<void> {
  const archive = pack();
  const name = (path: string): string => path.slice(ROOT.length + 1);
  archive.entry({ name: 'tls', type: 'directory', mode: 0o700 });
  archive.entry({ name: name(TLS.certificate), mode: 0o644 }, cert);
  archive.entry({ name: name(TLS.key), mode: 0o600 }, key);
  archive.finalize();
  await client.text('PutContainerArchive', {
    params: { id },
    query: { path: ROOT },
    raw: archive as AsyncIterable<Uint8Array>,
  });
}
