// QEMU's monitor: one command, its answer, and the connection is closed, since QEMU talks to one client at a time.
import { connect, type Socket } from 'node:net';
import { unavailable } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';

const PATIENCE_MS = 5000;

interface Answer {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly desc?: string };
}

/** Where the monitor is: a socket's path, or a port of the loopback. */
export type MonitorAddress = string | number;

/** Gives what the command returns. Throws unavailable when nobody answers, or with QEMU's words when it refuses. */
export async function monitorCall(
  address: MonitorAddress,
  execute: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const socket = typeof address === 'number' ? connect(address, '127.0.0.1') : connect(address);
  const timer = setTimeout(() => socket.destroy(new Error('it does not answer')), PATIENCE_MS);
  try {
    const answers = read(socket);
    await next(answers);
    socket.write('{"execute":"qmp_capabilities"}\n');
    await next(answers);
    socket.write(`${JSON.stringify({ execute, arguments: options })}\n`);
    return (await next(answers)).return;
  } catch (error) {
    throw unavailable(`QEMU's monitor: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** A line of the monitor for people, whose answer is text: empty when all is well. */
export async function monitorLine(address: MonitorAddress, line: string): Promise<string> {
  return String(await monitorCall(address, 'human-monitor-command', { 'command-line': line })).trim();
}

async function* read(socket: Socket): AsyncGenerator<Answer, void, undefined> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) {
    const all = (text + String(chunk)).split('\n');
    text = all.pop() ?? '';
    for (const line of all) if (line.trim() !== '') yield parseJson(line) as Answer;
  }
}

/** The next answer; events between them are nobody's here. */
async function next(answers: AsyncGenerator<Answer, void, undefined>): Promise<Answer> {
  for (;;) {
    const { value, done } = await answers.next();
    if (done || !value) throw new Error('it hung up');
    if (value.error) throw new Error(value.error.desc ?? 'it refused');
    if ('QMP' in value || 'return' in value) return value;
  }
}
