// Tells programs elsewhere what was pushed and deleted: the envelope of docker-registry's notifications, signed.
import { createHmac, randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { invalid, notFound, unavailable } from '../../base/errors.ts';
import { ask, namesLinkLocal } from '../../http/outbound/index.ts';
import { matchesPattern } from '../model/index.ts';
import type { Job, JobQueue } from './queue.ts';

export interface HubEvent {
  readonly action: 'push' | 'delete';
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly account: string;
  readonly address: string;
}

export interface Webhook {
  readonly pattern: string;
  readonly url: string;
  readonly secret: string;
}

const ANSWER_MS = 10_000;
const TYPE = 'application/vnd.docker.distribution.events.v2+json';

export class Webhooks {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  list(): readonly Webhook[] {
    return this.#database
      .prepare('SELECT pattern, url, secret FROM webhook ORDER BY pattern, url')
      .all()
      .map((row) => ({ pattern: String(row['pattern']), url: String(row['url']), secret: String(row['secret']) }));
  }

  set({ pattern, url, secret }: Webhook): void {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw invalid(`${url} is no address: https://… is wanted`);
    if (namesLinkLocal(new URL(url))) throw linkLocal();
    this.#database
      .prepare('INSERT OR REPLACE INTO webhook (pattern, url, secret) VALUES (?, ?, ?)')
      .run(pattern, url, secret);
  }

  remove(pattern: string, url: string): void {
    const { changes } = this.#database.prepare('DELETE FROM webhook WHERE pattern = ? AND url = ?').run(pattern, url);
    if (changes === 0) throw notFound(`no web hook for ${pattern} to ${url}`);
  }

  /** One job for each that wants to know. */
  announce(queue: JobQueue, event: HubEvent, at: number): void {
    const hooks = this.list().filter(({ pattern }) => matchesPattern(pattern, event.repository));
    if (hooks.length === 0) return;
    const body = envelope(event, at);
    for (const { url } of hooks) queue.add('webhook', url, body);
  }

  /** Throws for an answer that is none of success. The signature is made now, so that a new secret is in use at once. */
  async send({ target, body }: Job): Promise<void> {
    const hook = this.list().find(({ url }) => url === target);
    // it was removed meanwhile
    if (!hook) return;
    const signature = createHmac('sha256', hook.secret).update(body).digest('hex');
    const status = await post(new URL(target), body, {
      'Content-Type': TYPE,
      'X-Hub-Signature-256': `sha256=${signature}`,
      'User-Agent': 'berth-hub',
    });
    if (status < 200 || status > 299) throw unavailable(`it answers ${status}`);
  }
}

const linkLocal = (): Error => invalid('link-local addresses are told nothing');

/** Gives the status; a redirect is not followed, and the body is nobody's. The address that is checked is the one that is used. */
async function post(url: URL, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const response = await ask(url, {
    method: 'POST',
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
    refusal: linkLocal,
    signal: AbortSignal.timeout(ANSWER_MS),
    agent: () => false,
    direct: true,
    send: (request) => request.end(body),
  });
  response.destroy();
  return response.statusCode ?? 0;
}

function envelope(event: HubEvent, at: number): string {
  const { action, repository, tag, digest, mediaType, size, account, address } = event;
  const target = {
    mediaType,
    digest,
    size,
    length: size,
    repository,
    ...(tag === '' ? {} : { tag }),
  };
  const one = {
    id: randomUUID(),
    timestamp: new Date(at).toISOString(),
    action,
    target,
    request: { addr: address },
    actor: { name: account },
  };
  return JSON.stringify({ events: [one] });
}
