// Answers of Berth's own routes, whole.
import type { Context } from '../../session/context.ts';

export async function ownJson<T>(
  context: Context,
  path: `/berth/${string}`,
  query: Readonly<Record<string, string>>,
  method: 'GET' | 'POST' = 'GET',
): Promise<T> {
  const answer = await context.client.own(method, path, query);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as T;
}
