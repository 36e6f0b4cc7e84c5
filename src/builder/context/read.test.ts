import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readDockerfile } from '../read-dockerfile.ts';
import type { BuildRequest } from '../model/request.ts';
import { readBelow } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-context-'));
after(() => rmSync(folder, { recursive: true }));

test('limit: a Dockerfile or .dockerignore that is larger than any is refused before it is read', async () => {
  const context = {
    readFile: (path: string, limit: number) => Promise.resolve(readBelow(folder, path, limit)),
  };
  const request = { dockerfile: { kind: 'path', path: 'Dockerfile' }, context } as unknown as BuildRequest;
  const read = () => readDockerfile(request, AbortSignal.timeout(60_000));
  writeFileSync(join(folder, 'Dockerfile'), 'FROM a\n');
  truncateSync(join(folder, 'Dockerfile'), 4 * 1024 * 1024);
  assert.equal((await read()).text.length, 4 * 1024 * 1024);
  truncateSync(join(folder, 'Dockerfile'), 4 * 1024 * 1024 + 1);
  await assert.rejects(read(), /Dockerfile is larger than 4194304 bytes/);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM a\n');
  writeFileSync(join(folder, '.dockerignore'), 'a\n');
  truncateSync(join(folder, '.dockerignore'), 4 * 1024 * 1024 + 1);
  await assert.rejects(read(), /\.dockerignore is larger than 4194304 bytes/);
});

test('no link leads out of a context', () => {
  symlinkSync('/etc/hostname', join(folder, 'link'));
  assert.equal(readBelow(folder, 'link', 1000), undefined);
});
