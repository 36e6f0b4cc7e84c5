// Requests at a steady pace from a namespace: each a connection of its own, whose failure is remembered.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Place } from './namespaces.ts';

/** Runs inside; prints what failed as it comes, and the count when its input ends. */
const PROGRAM = `
const { connect } = require('node:net');
const [pace, ...targets] = process.argv.slice(1);
let sent = 0, open = 0, ended = false;
const timer = setInterval(() => {
  const [host, port, path] = targets[sent % targets.length].split(' ');
  sent += 1; open += 1;
  const from = new Date().toISOString();
  let text = '', why = '';
  const socket = connect({ host, port: Number(port) }, () => socket.write('GET ' + path + ' HTTP/1.0\\r\\n\\r\\n'));
  socket.setTimeout(10000, () => socket.destroy(new Error('timeout')));
  socket.on('data', (data) => (text += data));
  socket.on('error', (error) => (why = error.message));
  socket.on('close', () => {
    if (why !== '' || !/^HTTP.1.[01] 200/.test(text)) console.log('failed ' + from + ' ' + host + ' ' + (why || text.slice(0, 40)));
    open -= 1;
    done();
  });
}, Number(pace));
const done = () => { if (ended && open === 0) { console.log('sent ' + sent); process.exit(0); } };
process.stdin.resume().on('end', () => { ended = true; clearInterval(timer); done(); });
`;

export class Load {
  readonly #child: ChildProcess;
  #text = '';

  /** One request every `paceMs`, to each target (`host port path`) in its turn. */
  constructor(place: Place, targets: readonly string[], paceMs = 5) {
    const [file = '', ...args] = place.enter(process.execPath, '-e', PROGRAM, String(paceMs), ...targets);
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.#text += chunk));
  }

  /** When all that was sent has been answered, or has failed. */
  async stop(): Promise<{ readonly sent: number; readonly failed: string[] }> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end();
    await ended;
    const lines = this.#text.split('\n');
    return {
      sent: Number(lines.find((line) => line.startsWith('sent '))?.slice(5) ?? 0),
      failed: lines.filter((line) => line.startsWith('failed ')),
    };
  }
}
