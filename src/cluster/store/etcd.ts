// The store in etcd, over its JSON gateway on a unix socket (ADR 120).
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { conflict, messageOf, notFound, unavailable } from '../../base/errors.ts';
import { steadyNow } from '../../base/steady.ts';
import {
  type Change,
  type Entry,
  type KeyValueStore,
  type ListOptions,
  QUOTA_BYTES,
  type Range,
  tooMuch,
  type Transaction,
  type Usage,
  type WatchFrom,
} from './port.ts';

/** etcd answers within its election time or not at all. Milliseconds. */
const ANSWER_MS = 6000;
/** The first attempt of what can be made twice: a leader answers sooner, and an election takes no longer. */
const FIRST_MS = 3000;
/** What is said when nobody led, or nobody does any more. */
const LOST = /does not answer|leader changed|no leader|timed out|proposal dropped/;
/** A question that came before there was a leader may be lost in etcd: ask again soon. */
const PROBE_MS = 400;
/** Entries a page: some megabytes. */
const PAGE = 2000;
/** Entries a page of a list that is bounded in bytes, so that what is read beyond the bound is little. */
const BOUNDED_PAGE = 64;
/** So long it is remembered how much is kept, milliseconds. */
const USAGE_MS = 2000;
/** Between two attempts to watch, milliseconds. */
const RETRY_MS = 250;

interface WireEntry {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision?: string;
}

interface WireRange {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly WireEntry[];
  readonly more?: boolean;
}

interface WireWatch {
  readonly result?: {
    readonly canceled?: boolean;
    readonly events?: readonly { readonly type?: string; readonly kv: WireEntry }[];
  };
  readonly error?: { readonly message?: string };
}

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly peers: readonly string[];
  readonly learner: boolean;
}

interface WireMember {
  readonly ID: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly isLearner?: boolean;
}

export class EtcdStore implements KeyValueStore {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #usage: Usage = { bytes: 0, quota: QUOTA_BYTES };
  #usageAt = Number.NEGATIVE_INFINITY;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async get(key: string): Promise<Entry | undefined> {
    const { kvs = [] } = await this.#read({ key: encode(key) });
    return kvs[0] && entryOf(kvs[0]);
  }

  async list(prefix: string, { at, most, keysOnly = false }: ListOptions = {}): Promise<Range> {
    const entries: Entry[] = [];
    let from = encode(prefix);
    let revision = at;
    let bytes = 0;
    for (;;) {
      const page = await this.#read({
        key: from,
        range_end: rangeEnd(prefix),
        limit: most === undefined ? PAGE : BOUNDED_PAGE,
        ...(keysOnly ? { keys_only: true } : {}),
        ...(revision === undefined ? {} : { revision: String(revision) }),
      });
      revision ??= Number(page.header.revision);
      const kvs = page.kvs ?? [];
      for (const kv of kvs) {
        const entry = entryOf(kv);
        entries.push(entry);
        bytes += entry.key.length + entry.value.length;
      }
      if (most !== undefined && bytes > most) throw tooMuch(most);
      const last = kvs.at(-1);
      if (!page.more || !last) return { revision, entries };
      // the next key in order is this one and a zero byte
      from = Buffer.concat([Buffer.from(last.key, 'base64'), Buffer.alloc(1)]).toString('base64');
    }
  }

  async revision(): Promise<number> {
    const { header } = await this.#read({ key: encode('/'), count_only: true });
    return Number(header.revision);
  }

  /**
   * A proposal that comes while there is no leader is lost in etcd. It is made once more when there is one: had it been heard after
   * all, its guards hold no longer, and it counts as overtaken.
   */
  async commit(transaction: Transaction): Promise<number | undefined> {
    const again = transaction.once !== true;
    try {
      return await this.#commit(transaction, again ? FIRST_MS : ANSWER_MS);
    } catch (error) {
      if (!again || !LOST.test(messageOf(error))) throw error;
      await this.#untilLed();
      return this.#commit(transaction, ANSWER_MS);
    }
  }

  async #untilLed(): Promise<void> {
    const end = Date.now() + ANSWER_MS;
    while (Date.now() < end && !(await this.answers())) await pause(RETRY_MS);
  }

  async #commit({ guards, writes }: Transaction, timeoutMs: number): Promise<number | undefined> {
    const answer = await this.#call<{ header: { revision: string }; succeeded?: boolean }>(
      '/v3/kv/txn',
      {
        compare: guards.map(({ key, revision }) => ({
          key: encode(key),
          target: 'MOD',
          result: 'EQUAL',
          mod_revision: String(revision),
        })),
        success: writes.map((write) =>
          'put' in write
            ? {
                request_put: {
                  key: encode(write.put),
                  value: encode(write.value),
                  ...(write.lease === undefined ? {} : { lease: write.lease }),
                },
              }
            : { request_delete_range: { key: encode(write.delete) } },
        ),
      },
      timeoutMs,
    );
    return answer.succeeded === true ? Number(answer.header.revision) : undefined;
  }

  /** After any break everything is listed again: etcd 3.4 loses a deletion that stands at the compacted revision itself. */
  async *watch(prefix: string, signal: AbortSignal, from: WatchFrom = 'all'): AsyncIterable<readonly Change[]> {
    while (!signal.aborted) {
      try {
        const range = from === 'all' ? await this.list(prefix) : { revision: await this.revision(), entries: [] };
        yield [{ kind: 'all', range }];
        yield* this.#watchFrom(prefix, range.revision + 1, signal);
      } catch {
        // etcd is away or has compacted what we wanted: list again
      }
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async *#watchFrom(prefix: string, revision: number, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    const create = { key: encode(prefix), range_end: rangeEnd(prefix), start_revision: String(revision) };
    const response = await this.#open('/v3/watch', { create_request: create }, signal);
    for await (const line of lines(response)) {
      const { result, error } = JSON.parse(line) as WireWatch;
      if (error || !result || result.canceled) return;
      if (!result.events || result.events.length === 0) continue;
      yield result.events.map(({ type, kv }): Change => {
        const entry = entryOf(kv);
        return type === 'DELETE'
          ? { kind: 'delete', key: entry.key, revision: entry.revision }
          : { kind: 'put', entry };
      });
    }
  }

  async grant(seconds: number): Promise<string> {
    const { ID } = await this.#call<{ ID: string }>('/v3/lease/grant', { TTL: String(seconds) });
    return ID;
  }

  async keepAlive(lease: string): Promise<boolean> {
    const { result } = await this.#call<{ result?: { TTL?: string } }>('/v3/lease/keepalive', { ID: lease });
    return Number(result?.TTL ?? 0) > 0;
  }

  async revoke(lease: string): Promise<void> {
    await this.#call('/v3/lease/revoke', { ID: lease });
  }

  async usage(): Promise<Usage> {
    if (steadyNow() - this.#usageAt < USAGE_MS) return this.#usage;
    const { dbSizeInUse = '0' } = await this.#call<{ dbSizeInUse?: string }>('/v3/maintenance/status', {});
    this.#usage = { bytes: Number(dbSizeInUse), quota: QUOTA_BYTES };
    this.#usageAt = steadyNow();
    return this.#usage;
  }

  async members(): Promise<Member[]> {
    const { members = [] } = await this.#call<{ members?: WireMember[] }>('/v3/cluster/member/list', {});
    return members.map(({ ID, name = '', peerURLs = [], isLearner = false }) => ({
      id: ID,
      name,
      peers: peerURLs,
      learner: isLearner,
    }));
  }

  /** As a learner, who takes no part in decisions until it is promoted. */
  async addMember(peer: string): Promise<string> {
    const { member } = await this.#call<{ member: WireMember }>('/v3/cluster/member/add', {
      peerURLs: [peer],
      isLearner: true,
    });
    return member.ID;
  }

  async promoteMember(id: string): Promise<void> {
    await this.#call('/v3/cluster/member/promote', { ID: id });
  }

  async removeMember(id: string): Promise<void> {
    try {
      await this.#call('/v3/cluster/member/remove', { ID: id }, FIRST_MS);
    } catch (error) {
      if (!LOST.test(messageOf(error))) throw error;
      await this.#untilLed();
      if ((await this.members()).some((member) => member.id === id))
        await this.#call('/v3/cluster/member/remove', { ID: id });
    }
  }

  /** Forgets history before this revision. */
  async compact(revision: number): Promise<void> {
    await this.#call('/v3/kv/compaction', { revision: String(revision) });
  }

  /** It answers, and a majority of its members stands behind the answer. */
  async answers(): Promise<boolean> {
    return this.#call('/v3/kv/range', { key: encode('/') }, PROBE_MS).then(
      () => true,
      () => false,
    );
  }

  close(): void {
    this.#agent.destroy();
  }

  /** A question that a change of the leader broke off is asked once more: unlike a write it cannot happen twice. */
  async #read(range: object): Promise<WireRange> {
    try {
      return await this.#call<WireRange>('/v3/kv/range', range);
    } catch (error) {
      if (!/leader changed/.test(messageOf(error))) throw error;
      return this.#call<WireRange>('/v3/kv/range', range);
    }
  }

  async #call<T>(path: string, body: object, timeoutMs = ANSWER_MS): Promise<T> {
    const response = await this.#open(path, body, AbortSignal.timeout(timeoutMs));
    let text = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
    if (response.statusCode === 200) return JSON.parse(text) as T;
    throw failure(text);
  }

  #open(path: string, body: object, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request(
        { socketPath: this.#socketPath, agent: this.#agent, method: 'POST', path, signal },
        (response) => resolve(response),
      );
      sent.once('error', (error) => reject(unavailable(`etcd does not answer: ${messageOf(error)}`)));
      sent.end(JSON.stringify(body));
    });
  }
}

function failure(text: string): Error {
  let message = text;
  try {
    const answer = JSON.parse(text) as { message?: string; error?: string };
    message = answer.message ?? answer.error ?? text;
  } catch {
    // not JSON: as it is
  }
  if (/compacted/.test(message)) return conflict(message);
  return /lease not found/.test(message) ? notFound(message) : unavailable(`etcd: ${message}`);
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function entryOf({ key, value = '', mod_revision = '0' }: WireEntry): Entry {
  return {
    key: Buffer.from(key, 'base64').toString(),
    value: Buffer.from(value, 'base64').toString(),
    revision: Number(mod_revision),
  };
}

/** The first key behind all that begin with the prefix. */
function rangeEnd(prefix: string): string {
  const bytes = Buffer.from(prefix);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) + 1;
  return bytes.toString('base64');
}

async function* lines(stream: IncomingMessage): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((part) => part !== '');
  }
}
