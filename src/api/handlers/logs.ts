// GET /containers/{id}/logs: what a container wrote, framed by stream, with times and attributes where they are asked for.
import { parseRfc3339 } from '../../base/clock.ts';
import { invalid } from '../../base/errors.ts';
import type { Engine } from '../../engine/index.ts';
import { FRAME_HEAD, frameHead, MULTIPLEXED_STREAM, RAW_STREAM } from '../framing.ts';
import type { ApiRequest, Handlers } from '../handler.ts';

/** Lines of one stream come as one part, so that there are few where nothing stands before each. */
const FEW = 8;

export function logs(engine: Engine): NonNullable<Handlers['ContainerLogs']> {
  return async (request, response) => {
    const { stdout = false, stderr = false, follow = false, timestamps = false, details = false, tail } = request.query;
    if (!stdout && !stderr) throw invalid('Bad parameters: you must choose at least one stream');
    const { tty, attributes, batches } = engine.logs(
      request.params['id'] ?? '',
      {
        stdout,
        stderr,
        follow,
        since: nanosOf(request, 'since'),
        until: nanosOf(request, 'until'),
        tail: tailOf(tail),
        eachLine: timestamps || details,
        head: FRAME_HEAD,
      },
      request.signal,
    );
    const prefix = details ? `${attributes()} ` : '';
    const stream = response.stream(!tty && request.minor >= 42 ? MULTIPLEXED_STREAM : RAW_STREAM);
    const stamp = stamper();
    for await (const batch of batches) {
      const parts: Uint8Array[] = [];
      for (const { channel, data, begins, time, headed } of batch) {
        if (headed) {
          await stream.flush(data);
          continue;
        }
        const head = begins ? (timestamps ? `${stamp(time)} ` : '') + prefix : '';
        if (!tty) parts.push(frameHead(channel, head.length + data.length));
        if (head !== '') parts.push(Buffer.from(head, 'latin1'));
        parts.push(data);
      }
      // a few large parts are not copied once more
      if (parts.length > FEW) await stream.write(Buffer.concat(parts));
      else for (const part of parts) await stream.write(part);
    }
    stream.end();
  };
}

/** Docker prints nanoseconds in nine digits and UTC. Lines that were written together have one time. */
function stamper(): (time: string) => string {
  let last = '';
  let shown = '';
  return (time) => {
    if (time === last) return shown;
    const nanos = parseRfc3339(time) ?? 0n;
    const seconds = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
    last = time;
    shown = `${seconds}.${(nanos % 1_000_000_000n).toString().padStart(9, '0')}Z`;
    return shown;
  };
}

function tailOf(tail: string | undefined): number | undefined {
  if (tail === undefined || tail === '' || tail === 'all') return undefined;
  return /^\d+$/.test(tail) ? Number(tail) : undefined;
}

/** Seconds since 1970 with an optional fraction; 0 is no bound. */
function nanosOf(request: ApiRequest<'ContainerLogs'>, name: 'since' | 'until'): bigint | undefined {
  const text = request.query[name] ?? '';
  const match = /^(-?\d+)(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (text === '' || text === '0') return undefined;
  if (!match) throw invalid(`invalid value for "${name}": ${text}`);
  return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0') || '0');
}
