// A subject of differential fuzzing: cases made by chance, each done on both sides.
import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Random } from '../builds/random.ts';

export interface Side {
  /** `unix://…` */
  readonly host: string;
  /** The client's program. */
  readonly client: string;
  readonly isBerth: boolean;
}

/** A case is a list of parts, so that what differs can be made smaller by leaving parts out. */
export interface Subject<Part> {
  /** Names that a daemon needs: the image busybox. */
  make(random: Random): readonly Part[];
  /** What is seen, as lines: `name: value`. Whatever was made is gone afterwards. */
  observe(side: Side, parts: readonly Part[]): Promise<readonly string[]>;
  show(part: Part): string;
  /** Of a line of either side: a difference that is meant, or that says nothing. */
  readonly meant?: (ours: string, theirs: string) => boolean;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export function api(side: Side, method: string, path: string, body?: unknown): Promise<Answer> {
  return raw(
    side,
    method,
    path,
    body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    'application/json',
  ).then(({ status, body: answer }) => ({ status, body: answer.toString() }));
}

export function raw(
  { host }: Side,
  method: string,
  path: string,
  body: Buffer | undefined,
  type: string,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': type, 'Content-Length': String(body.length) };
    let isAnswered = false;
    const sent = request({ socketPath: host.replace(/^unix:\/\//, ''), method, path, headers }, (answer) => {
      isAnswered = true;
      buffer(answer).then((content) => resolve({ status: answer.statusCode ?? 0, body: content }), reject);
    });
    sent.once('error', reject);
    // it also closes when the answer has come, which may not have been read yet; one that is cut off fails by itself
    sent.once('close', () => isAnswered || reject(new Error('the connection was closed')));
    sent.end(body);
  });
}

/** A shell on a terminal that nobody types at never ends. */
const CLIENT_MS = 15_000;

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function client({ client: file, host }: Side, args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const env = { ...process.env, DOCKER_HOST: host };
    // SIGKILL: a client would hand any other on to what it waits for
    execFile(file, args, { env, timeout: CLIENT_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ code, stdout, stderr });
    });
  });
}
