// One build of Berth's own client, from its options to its result, shown as it goes.
import { BerthError, messageOf } from '../../base/errors.ts';
import type { Duplex } from 'node:stream';
import type { BuildOptions, ShownEvent, ShownFinding, ShownResult } from '../../spec/berth/build.ts';
import type { CheckResult } from '../checks.ts';
import { outlineText } from '../outline.ts';
import type { BuildEvent } from '../model/event.ts';
import type { Build, BuildRequest } from '../model/request.ts';
import { subrequestAnswer } from '../describe.ts';
import { sourceOf } from '../located.ts';
import { Link } from './link.ts';
import { type LinkParts, requestOf } from './request.ts';

export interface LinkOptions extends LinkParts {
  readonly build: Build;
  readonly check?: (request: BuildRequest, signal: AbortSignal) => Promise<CheckResult>;
}

/** Ends with the connection; what goes wrong is told on it. */
export async function serveLink(connection: Duplex, options: LinkOptions): Promise<void> {
  const link = new Link(connection);
  await using made = new AsyncDisposableStack();
  try {
    const asked = await link.options<BuildOptions>();
    const request = await requestOf(asked, link, options, made);
    await link.notify({ notify: 'result', result: await answer(asked, request, link, options) });
  } catch (error) {
    const hint = error instanceof BerthError ? error.hint : undefined;
    const source = sourceOf(error);
    const { text, ...where } = source ?? { text: Buffer.alloc(0), file: '', ranges: [] };
    const place = source ? { place: { ...where, source: Buffer.from(text).toString('base64') } } : {};
    await link.notify({
      notify: 'failure',
      message: messageOf(error),
      ...place,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  link.end();
}

async function answer(
  asked: BuildOptions,
  request: BuildRequest,
  link: Link,
  options: LinkOptions,
): Promise<ShownResult> {
  if (asked.call !== 'build' && options.check) {
    const checked = await options.check(request, link.signal);
    const { findings, failure, fault, targets, outline } = checked;
    const answers = await subrequestAnswer(REQUESTS[asked.call], async () => checked);
    return {
      id: '',
      images: [],
      metadata: {},
      findings: findings.map(shownFinding),
      json: Buffer.from(answers.get('result.json') ?? []).toString(),
      ...(asked.call === 'targets' ? { targets: targets() } : {}),
      ...(fault ? { fault: { ...fault, ...shownSource(checked) } } : {}),
      ...(failure === undefined ? {} : { failure }),
      ...(asked.call === 'outline' ? { outline: outlineText(outline()) } : {}),
    };
  }
  const notify = (event: BuildEvent): void => {
    const shown = shownEvent(event);
    if (shown) void link.notify({ notify: 'event', event: shown });
  };
  const { id, images, metadata } = await options.build(request, notify, link.signal);
  return { id, images: images.map((image) => image.id), metadata };
}

const REQUESTS = { check: 'frontend.lint', targets: 'frontend.targets', outline: 'frontend.outline' } as const;

function shownSource({ file, source }: CheckResult): { readonly file: string; readonly source: string } {
  return { file, source: Buffer.from(source).toString('base64') };
}

function shownFinding({ source, ...finding }: CheckResult['findings'][number]): ShownFinding {
  return { ...finding, source: Buffer.from(source).toString('base64') };
}

const time = (nanos: bigint | undefined, name: string): object =>
  nanos === undefined ? {} : { [name]: String(nanos) };

function shownEvent(event: BuildEvent): ShownEvent | undefined {
  switch (event.kind) {
    case 'vertex': {
      const { started, completed, ...vertex } = event.vertex;
      return { kind: 'vertex', vertex: { ...vertex, ...time(started, 'started'), ...time(completed, 'completed') } };
    }
    case 'status': {
      const { at, started, completed, ...status } = event;
      return { ...status, at: String(at), ...time(started, 'started'), ...time(completed, 'completed') };
    }
    case 'log':
      return { ...event, data: Buffer.from(event.data).toString('base64'), at: String(event.at) };
    case 'warning':
      return { ...event, source: Buffer.from(event.source).toString('base64') };
    case 'step':
    case 'container':
      return undefined;
    default:
      return event satisfies never;
  }
}
