// Requests at a steady pace from a namespace: each a connection of its own, whose failure is remembered.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Place } from './world.ts';

/** Runs inside; prints what failed as it comes, and the count when its input ends. */
const PROGRAM = `
const { get } = require('node:http');
const [pace, ...urls] = process.argv.slice(1);
let sent = 0, open = 0, ended = false;
const done = () => { if (ended && open === 0) { console.log('sent ' + sent); process.exit(0); } };
const timer = setInterval(() => {
  const url = urls[sent % urls.length];
  sent += 1; open += 1;
  const from = Date.now();
  const fail = (why) => { console.log('failed ' + new Date(from).toISOString() + ' ' + url + ' ' + why); open -= 1; done(); };
  const request = get(url, { agent: false, timeout: 10000 }, (answer) => {
    answer.resume();
    answer.on('end', () => { if (answer.statusCode !== 200) return fail('status ' + answer.statusCode); open -= 1; done(); });
    answer.on('error', (error) => fail(error.message));
  });
  request.on('timeout', () => request.destroy(new Error('timeout')));
  request.on('error', (error) => fail(error.message));
}, Number(pace));
process.stdin.resume().on('end', () => { ended = true; clearInterval(timer); done(); });
`;

export class Load {
  readonly #child: ChildProcess;
  #text = '';

  /** One request every `paceMs`, to each address in its turn. */
  constructor(place: Place, urls: readonly string[], paceMs = 5) {
    const [file = '', ...args] = place.enter(process.execPath, '-e', PROGRAM, String(paceMs), ...urls);
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
