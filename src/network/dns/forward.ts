// Asks other resolvers what the daemon does not know itself; bounded in number and time, and a dead server holds nobody up for long.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIP, Socket } from 'node:net';
import { inNamespaceAt } from '../../host/netlink/index.ts';
import { openSocket } from '../../host/port.ts';
import { Demoted } from './demoted.ts';
import { answers, CODE } from './wire.ts';

/** Milliseconds: for an answer at all, until the next server is asked beside the first, and that a silent one goes last. */
const PATIENCE_MS = 4000;
const HEDGE_MS = 700;
const DEMOTED_MS = 30_000;
/** Questions under way: of one container, so that it cannot take the others' share, and of all. */
const MAX_OWN = 128;
const MAX_ALL = 1024;
/** As many as a C library reads. */
const MAX_SERVERS = 3;

export interface Outside {
  /** Whose questions are counted together. */
  readonly id: string;
  readonly servers: readonly string[];
  /** From where they are asked; undefined for the host. */
  readonly namespace: string | undefined;
}

export class Forwarder {
  readonly #demoted = new Demoted();
  readonly #underWay = new Map<string, Map<string, Promise<Buffer | undefined>>>();
  #all = 0;
  readonly #port: number;

  constructor(port = 53) {
    this.#port = port;
  }

  /** The answer for this question, under its own number; undefined when nobody has one in time, or too many are asking. */
  async ask(message: Buffer, outside: Outside, tcp: boolean): Promise<Buffer | undefined> {
    const own = this.#underWay.get(outside.id) ?? new Map<string, Promise<Buffer | undefined>>();
    // a client that repeats itself waits for the same answer
    const question = `${tcp} ${message.toString('latin1', 2)}`;
    let asked = own.get(question);
    if (!asked) {
      if (own.size >= MAX_OWN || this.#all >= MAX_ALL) return undefined;
      this.#all += 1;
      this.#underWay.set(outside.id, own);
      asked = this.#first(message, outside, tcp).finally(() => {
        this.#all -= 1;
        own.delete(question);
        if (own.size === 0) this.#underWay.delete(outside.id);
      });
      own.set(question, asked);
    }
    const answer = await asked;
    if (!answer) return undefined;
    const mine = Buffer.from(answer);
    message.copy(mine, 0, 0, 2);
    return mine;
  }

  /** The first good answer; the next server is asked when one refuses, fails, or has been silent for a moment. */
  async #first(message: Buffer, { servers, namespace }: Outside, tcp: boolean): Promise<Buffer | undefined> {
    const question = Buffer.from(message);
    // a number of our own: half of what keeps forged answers away is the random port, this is the other half
    question.writeUInt16BE(randomInt(0x10000), 0);
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), PATIENCE_MS);
    let spare: Buffer | undefined;
    let settled = false;
    const deciding: Promise<Buffer | undefined>[] = [];
    try {
      for (const server of this.#inOrder(servers, namespace)) {
        const from = key(server, namespace);
        const one = (tcp ? askTcp : askUdp)(question, { server, port: this.#port, namespace, signal: end.signal })
          .then((answer) => {
            this.#demoted.forget(from);
            if (isGood(answer)) return answer;
            spare ??= answer;
            return undefined;
          })
          .catch(() => {
            if (!settled) this.#demoted.add(from, Date.now() + DEMOTED_MS);
            return undefined;
          });
        deciding.push(one);
        const answer = await Promise.race([firstOf(deciding), pauseUnlessOver(HEDGE_MS, end.signal)]);
        if (answer === 'late') {
          this.#demoted.add(from, Date.now() + DEMOTED_MS);
          continue;
        }
        if (answer) return answer;
      }
      return (await firstOf(deciding)) ?? spare;
    } finally {
      clearTimeout(timer);
      settled = true;
      end.abort();
    }
  }

  #inOrder(servers: readonly string[], namespace: string | undefined): string[] {
    const now = Date.now();
    const isLast = (server: string): number => Number(this.#demoted.has(key(server, namespace), now));
    return servers.slice(0, MAX_SERVERS).toSorted((a, b) => isLast(a) - isLast(b));
  }
}

const key = (server: string, namespace: string | undefined): string => `${server} ${namespace ?? ''}`;

/** One that fails or refuses leaves it to the next server; that a name is not there is an answer. */
function isGood(answer: Buffer): boolean {
  const code = (answer[3] ?? 0) & 15;
  return code === CODE.OK || code === CODE.NO_NAME;
}

/** The first of them that has something; undefined when none has. */
function firstOf(all: readonly Promise<Buffer | undefined>[]): Promise<Buffer | undefined> {
  return Promise.any(all.map((one) => one.then((answer) => answer ?? Promise.reject(new Error('nothing'))))).catch(
    () => undefined,
  );
}

function pauseUnlessOver(milliseconds: number, signal: AbortSignal): Promise<'late'> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve('late');
    }
    signal.addEventListener('abort', done);
  });
}

interface Target {
  readonly server: string;
  readonly port: number;
  readonly namespace: string | undefined;
  readonly signal: AbortSignal;
}

/** A fresh socket each, with a port of its own. Throws when there is no answer. */
function askUdp(message: Buffer, { server, port, namespace, signal }: Target): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const six = isIP(server) === 6;
    const socket = createSocket(six ? 'udp6' : 'udp4');
    const end = (error: Error | undefined, answer?: Buffer): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      if (answer) resolve(answer);
      else reject(error ?? new Error('no answer'));
    };
    const onAbort = (): void => end(undefined);
    signal.addEventListener('abort', onAbort);
    socket.on('error', end);
    socket.on('message', (answer) => {
      if (answers(answer, message)) end(undefined, answer);
    });
    // by the event: a callback of connect would be called for its failure too, as where no route leads there
    socket.once('connect', () =>
      socket.send(message, (error) => {
        if (error) end(error);
      }),
    );
    const send = (): void => socket.connect(port, server);
    try {
      if (namespace === undefined) send();
      else
        socket.bind({ fd: inNamespaceAt(namespace, () => openSocket('udp', six ? 6 : 4)) }, () => {
          try {
            send();
          } catch (error) {
            end(error as Error);
          }
        });
    } catch (error) {
      end(error as Error);
    }
  });
}

/** Throws when there is no answer. */
function askTcp(message: Buffer, { server, port, namespace, signal }: Target): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fd =
      namespace === undefined
        ? undefined
        : inNamespaceAt(namespace, () => openSocket('tcp', isIP(server) === 6 ? 6 : 4));
    // reading begins with the connection
    const options = { ...(fd === undefined ? {} : { fd }), manualStart: true, signal };
    const socket = new Socket(options);
    let got = Buffer.alloc(0);
    socket.connect({ host: server, port });
    socket.on('connect', () => socket.write(framed(message)));
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      const answer = got.subarray(2, 2 + got.readUInt16BE(0));
      if (answers(answer, message)) resolve(answer);
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('no answer')));
  });
}

/** By TCP a message has its length before it. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
}
