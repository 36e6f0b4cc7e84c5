// The client's files: asked for by name and patterns, told one after another, and only what is not here is fetched.
import { cancelled, invalid } from '../../../base/errors.ts';
import { Receiver } from '../../../host/sandbox/index.ts';
import type { Report, SyncRequest } from '../../model/request.ts';
import { Packet, PacketType } from '../protocol/messages.ts';
import type { OpenCall } from '../transport/client.ts';
import { entryOf, madeOf } from './entry.ts';
import { TreePlan } from './plan.ts';
import type { Session } from './sessions.ts';
import type { HeldTree, KeptEntry } from '../../context/trees.ts';

const METHOD = '/moby.filesync.v1.FileSync/DiffCopy';
/** Progress is told at most that often, milliseconds. */
const REPORT_MS = 100;

function openSync(session: Session, directory: string, spec: SyncRequest, signal: AbortSignal): OpenCall {
  if (!session.serves(METHOD)) throw invalid('no local sources enabled');
  const values = {
    'dir-name': [directory],
    ...(spec.exclude.length > 0 ? { 'exclude-patterns': spec.exclude } : {}),
    // never along with patterns to include: one that leads to the root asks for everything, and those would still bound it
    ...(spec.followPaths ? { followpaths: spec.followPaths } : {}),
  };
  const metadata: Record<string, string | readonly string[]> = {};
  for (const [key, list] of Object.entries(values)) {
    const plain = list.every((value) => /^[\x20-\x7e]*$/.test(value));
    metadata[key] = plain ? list : list.map(queryEscape);
    if (!plain) metadata[`${key}-encoded`] = '1';
  }
  return session.caller.open(METHOD, metadata, signal);
}

/** As Go's url.QueryEscape, in which a blank is `+`. */
function queryEscape(value: string): string {
  return encodeURIComponent(Buffer.from(value, 'latin1').toString('utf8'))
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** What a client tells while its files are gone through; `bytes` is what came for it. */
export type FileMessage = { readonly bytes: number } & (
  | { readonly kind: 'entry'; readonly path: string; readonly entry: KeptEntry | undefined }
  | { readonly kind: 'walked' }
  | { readonly kind: 'data'; readonly id: number; readonly data: Uint8Array }
);

/** A transfer under way, whatever protocol it is. Entries are numbered from 0 in their order. */
export interface FileCall {
  readonly messages: AsyncIterable<FileMessage>;
  request(id: number): Promise<void>;
  /** All is here. */
  finish(): Promise<void>;
  cancel(): void;
}

export function sessionFiles(session: Session, directory: string, spec: SyncRequest, signal: AbortSignal): FileCall {
  const call = openSync(session, directory, spec, signal);
  async function* messages(): AsyncGenerator<FileMessage, void, undefined> {
    for await (const body of call.input) {
      const packet = Packet.decode(body);
      const bytes = body.length;
      if (packet.type === PacketType.err)
        throw invalid(`error from sender: ${Buffer.from(packet.data).toString('utf8')}`);
      if (packet.type === PacketType.data) yield { kind: 'data', id: packet.id, data: packet.data, bytes };
      if (packet.type === PacketType.stat && packet.stat)
        yield { kind: 'entry', path: packet.stat.path, entry: entryOf(packet.stat), bytes };
      else if (packet.type === PacketType.stat) yield { kind: 'walked', bytes };
    }
  }
  return {
    messages: messages(),
    request: (id) => call.write(Packet.encode({ type: PacketType.req, id })),
    async finish() {
      await call.write(Packet.encode({ type: PacketType.fin }));
      call.end();
    },
    cancel: () => call.cancel(),
  };
}

/** Brings a held tree to what the client has, and gives what is there then. */
export async function syncTree(
  open: (signal: AbortSignal) => FileCall,
  tree: HeldTree,
  report: (bytes: number, done: boolean) => void,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, KeptEntry>> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const call = open(either);
  const plan = new TreePlan(tree.entries);
  const awaited = new Map<number, string>();
  const links: string[] = [];
  let receiver: Receiver | undefined;
  let bytes = 0;
  let notified = 0;
  const writer = (): Receiver => {
    if (receiver) return receiver;
    tree.changing();
    receiver = new Receiver(
      tree.directory,
      (files) => {
        for (const { id, sha256, size } of files) {
          const path = names.get(id);
          if (path !== undefined) plan.fetched(path, sha256, size);
          names.delete(id);
        }
      },
      either,
    );
    // a full disk is found out while the client sends, and it is told to stop
    receiver.result.catch(() => call.cancel());
    return receiver;
  };
  const names = new Map<number, string>();
  try {
    let next = 0;
    let walked = false;
    let finished = false;
    for await (const message of call.messages) {
      bytes += message.bytes;
      if (message.kind === 'walked') walked = true;
      else if (message.kind === 'entry') {
        const id = next++;
        const { path, entry } = message;
        if (!entry) continue;
        const { verdict, replaces } = plan.decide(path, entry);
        if (replaces) await writer().make({ type: 'remove', path });
        if (verdict === 'fetch') {
          awaited.set(id, path);
          names.set(id, path);
          await writer().make(madeOf(path, entry, id));
          await call.request(id);
        } else if (verdict === 'make') await writer().make(madeOf(path, entry, id));
        else if (verdict === 'later') links.push(path);
      } else {
        if (!awaited.has(message.id) || !receiver) throw invalid(`invalid file request ${message.id}`);
        await receiver.data(message.id, message.data);
        if (message.data.length === 0) awaited.delete(message.id);
      }
      if (Date.now() - notified > REPORT_MS) {
        notified = Date.now();
        report(bytes, false);
      }
      if (walked && !finished && awaited.size === 0) {
        finished = true;
        await finish();
        await call.finish();
      }
    }
    if (!finished) throw invalid('the client ended the transfer of its files early');
  } catch (error) {
    receiver?.abort();
    // the thread's own failure is the reason for what came after it
    const cause = receiver
      ? await receiver.result.then(
          () => undefined,
          (failure: unknown) => failure,
        )
      : undefined;
    stop.abort();
    if (signal.aborted) throw cancelled('context canceled');
    throw cause !== undefined && !isAbort(cause) ? cause : error;
  }
  report(bytes, true);
  if (receiver) tree.changed(plan.entries);
  return plan.entries;

  /** What can only be done when every file is there. */
  async function finish(): Promise<void> {
    for (const path of plan.removed()) await writer().make({ type: 'remove', path });
    for (const path of links) {
      const entry = plan.entries.get(path);
      if (entry) await writer().make(madeOf(path, entry, 0));
    }
    for (const path of plan.touched) {
      const entry = plan.entries.get(path);
      if (entry?.type === 'directory') await writer().make({ type: 'times', path, time: Number(entry.modTime) / 1e9 });
    }
    await receiver?.finish();
    if (links.length > 0) plan.settleLinks();
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'RingAborted' || error.message === 'cancelled');
}

/** Small files by their paths, links followed within what was asked for. Throws invalid when they are above the limit together. */
export async function readFiles(
  session: Session,
  directory: string,
  paths: readonly string[],
  limit: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const stop = new AbortController();
  const call = openSync(
    session,
    directory,
    { exclude: [], followPaths: paths },
    AbortSignal.any([signal, stop.signal]),
  );
  const entries = new Map<string, KeptEntry>();
  const data = new Map<number, Buffer[]>();
  const names = new Map<string, number>();
  let size = 0;
  let walked = false;
  let open = 0;
  let finished = false;
  try {
    let next = 0;
    for await (const body of call.input) {
      const packet = Packet.decode(body);
      if (packet.type === PacketType.err)
        throw invalid(`error from sender: ${Buffer.from(packet.data).toString('utf8')}`);
      if (packet.type === PacketType.stat && packet.stat) {
        const id = next++;
        const entry = entryOf(packet.stat);
        if (!entry) continue;
        // paths are text for who asks for them
        entries.set(packet.stat.path, entry);
        if (entry.type !== 'file' || !isWanted(packet.stat.path, paths, entries)) continue;
        if (entry.size > limit) throw invalid(`${packet.stat.path} is larger than ${limit} bytes`);
        names.set(packet.stat.path, id);
        data.set(id, []);
        open += 1;
        await call.write(Packet.encode({ type: PacketType.req, id }));
      } else if (packet.type === PacketType.stat) walked = true;
      else if (packet.type === PacketType.data) {
        const parts = data.get(packet.id);
        if (!parts) throw invalid(`invalid file request ${packet.id}`);
        if (packet.data.length === 0) open -= 1;
        else parts.push(Buffer.from(packet.data));
        size += packet.data.length;
        if (size > limit * paths.length) throw invalid(`files are larger than ${limit} bytes`);
      }
      if (walked && open === 0 && !finished) {
        finished = true;
        await call.write(Packet.encode({ type: PacketType.fin }));
        call.end();
      }
    }
  } finally {
    if (!finished) stop.abort();
  }
  const found = new Map<string, Uint8Array>();
  for (const path of paths) {
    const id = names.get(followed(path, entries));
    const parts = id === undefined ? undefined : data.get(id);
    if (parts) found.set(path, Buffer.concat(parts));
  }
  return found;
}

/** What was sent because one of the links leads there is wanted as well; a directory's other files are not. */
function isWanted(path: string, paths: readonly string[], entries: ReadonlyMap<string, KeptEntry>): boolean {
  if (paths.includes(path)) return true;
  return [...entries.values()].some((entry) => entry.type === 'symlink') || paths.some((one) => !entries.has(one));
}

/** Where a path leads, by the links that were sent; at most 40 of them. */
function followed(path: string, entries: ReadonlyMap<string, KeptEntry>): string {
  let at = path;
  for (let count = 0; count < 40; count += 1) {
    const parts = at.split('/');
    const length = parts.findIndex((_, index) => entries.get(parts.slice(0, index + 1).join('/'))?.type === 'symlink');
    if (length < 0) return at;
    const target = entries.get(parts.slice(0, length + 1).join('/'))?.linkname ?? '';
    const resolved: string[] = target.startsWith('/') ? [] : parts.slice(0, length);
    for (const part of [...target.split('/'), ...parts.slice(length + 1)]) {
      if (part === '..') resolved.pop();
      else if (part !== '' && part !== '.') resolved.push(part);
    }
    at = resolved.join('/');
  }
  return at;
}

/** How the transfer of a context is told, as BuildKit names it. */
export function reporter(label: string, report: Report): (bytes: number, done: boolean) => void {
  const id = `transferring ${label}:`;
  return (bytes, done) => report({ id, name: id, current: bytes, done });
}
