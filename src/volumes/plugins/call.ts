// One call of a plugin: a POST of JSON, answered by JSON that may say what is wrong.
import { request } from 'node:http';
import { internal, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { PluginAddress } from './find.ts';

const ACCEPT = 'application/vnd.docker.plugins.v1.2+json';
/** A mount may have to wait for a server. */
const ANSWER_MS = 120_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export type Answer = Readonly<Record<string, unknown>>;

/** Throws `VolumeDriver.Create: why` in dockerd's words. */
export async function callPlugin({ address }: PluginAddress, verb: string, body: object | undefined): Promise<Answer> {
  const fail = (why: string, cause?: unknown): Error => internal(`${verb}: ${why}`, { cause });
  let text: string;
  let status: number;
  try {
    [status, text] = await post(address, `/${verb}`, body === undefined ? '' : `${JSON.stringify(body)}\n`);
  } catch (error) {
    throw fail(messageOf(error), error);
  }
  if (status === 404) throw fail(`${status} page not found`);
  const answer = objectIn(text);
  const why = answer?.['Err'];
  if (typeof why === 'string' && why !== '') throw fail(why);
  if (status !== 200) throw fail(text.trim() || `status ${status}`);
  return answer ?? {};
}

function objectIn(text: string): Answer | undefined {
  try {
    const value: unknown = parseJson(text);
    return typeof value === 'object' && value !== null ? (value as Answer) : undefined;
  } catch {
    return undefined;
  }
}

function post(address: PluginAddress['address'], path: string, body: string): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const headers = {
      Host: 'plugin.moby.localhost',
      Accept: ACCEPT,
      'Content-Type': ACCEPT,
      'Content-Length': String(Buffer.byteLength(body)),
    };
    const sent = request({ ...address, path, method: 'POST', headers }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if ((size += chunk.length) > MAX_ANSWER_BYTES) sent.destroy(new Error('the answer is too large'));
      });
      answer.once('end', () => resolve([answer.statusCode ?? 0, Buffer.concat(chunks).toString()]));
      answer.once('error', reject);
    });
    const timer = setTimeout(() => sent.destroy(new Error('the plugin does not answer')), ANSWER_MS);
    sent.once('close', () => clearTimeout(timer));
    sent.once('error', reject);
    sent.end(body);
  });
}
