import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseDigest } from '../model/index.ts';
import { digestOf } from '../testing.ts';
import { fileStorage } from './index.ts';
import { Uploads } from './uploads.ts';

const root = mkdtempSync(join(tmpdir(), 'hub-uploads-'));
after(() => rmSync(root, { recursive: true, force: true }));

async function* bytes(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

test('limit: of more uploads than are remembered each still ends as what it was', async () => {
  const uploads = new Uploads(fileStorage(root), 3);
  const begun = [];
  for (let at = 0; at < 8; at += 1) {
    const { id } = await uploads.start('a/b');
    await uploads.append('a/b', id, { source: bytes(`first ${at} `), most: 1000 });
    begun.push(id);
  }
  for (const [at, id] of begun.entries()) {
    assert.equal((await uploads.state('a/b', id)).size, 8);
    await uploads.append('a/b', id, { source: bytes('second'), start: 8, most: 1000 });
    const digest = parseDigest(digestOf(`first ${at} second`));
    assert.ok(digest);
    assert.equal(await uploads.finish('a/b', id, digest, `done/${at}`, () => Promise.resolve(false)), 14);
  }
});
