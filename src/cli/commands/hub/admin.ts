// The first account of a hub, made in its volume before it serves.
import { text as textOf } from 'node:stream/consumers';
import { copyOutput } from '../../../client/container/index.ts';
import { Failure } from '../../grammar/index.ts';
import type { Context } from '../../session/context.ts';
import { commandContainer, type HubSettings } from './container.ts';

/** Throws a Failure with the hub's words. */
export async function addAdmin(context: Context, { image, volume }: HubSettings, name: string): Promise<void> {
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
    const keep = (data: Uint8Array): unknown => said.push(Buffer.from(data));
    await copyOutput(wire, { out: keep, err: keep }, false);
    const { StatusCode } = await client.call('ContainerWait', { params: { id } });
    if (StatusCode !== 0) throw new Failure(Buffer.concat(said).toString().trimEnd());
  } finally {
    await client.text('ContainerDelete', { params: { id }, query: { force: true } });
  }
}
