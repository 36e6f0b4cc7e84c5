import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../host/sandbox/index.ts';
import { FORMS, sparseMember } from '../host/sandbox/tar/testing.ts';
import { openStore } from './index.ts';

/** Few names, so that they meet: entries replace each other, go through links, and lie below what is no directory. */
const part = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 1, arbitrary: fc.constantFrom('..', '.wh.a', '.wh..wh..opq') },
);
const name = fc.array(part, { minLength: 1, maxLength: 3 });
const entry = fc.record({
  name: name.map((parts) => parts.join('/')),
  type: fc.constantFrom('file', 'file', 'file', 'sparse', 'directory', 'directory', 'symlink', 'link'),
  form: fc.constantFrom(...FORMS),
  target: name.map((parts) => parts.join('/')),
  absolute: fc.boolean(),
  content: fc.string({ unit: 'binary-ascii', maxLength: 700 }),
});

test('fault T10: whatever an archive holds, it is refused or given back byte for byte, and nothing else is touched', async () => {
  const work = mkdtempSync(join(tmpdir(), 'seams-'));
  try {
    using store = await openStore(join(work, 'store'), silentLog);
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 8 }), async (entries) => {
        const archive = Buffer.concat([
          ...entries.flatMap(({ name: path, type, form, target, absolute, content }) => {
            if (type === 'sparse') {
              const stored = Buffer.from(content, 'latin1');
              const size = absolute ? 9000 : stored.length;
              return sparseMember(form, { name: path, size, map: [size - stored.length, stored.length], stored });
            }
            const body = type === 'file' ? Buffer.from(content, 'latin1') : Buffer.alloc(0);
            const linkname = type === 'symlink' || type === 'link' ? (absolute ? '/' : '') + target : '';
            return [
              tarHeader({ name: path, type, linkname, size: body.length }),
              body,
              Buffer.alloc(tarPadding(body.length)),
            ];
          }),
          TAR_TRAILER,
        ]);
        using lease = store.leases.take();
        const source = (async function* (): AsyncGenerator<Uint8Array> {
          yield archive;
        })();
        try {
          const layer = await store.layers.register(undefined, source, lease);
          const back: Uint8Array[] = [];
          for await (const chunk of store.layers.archive(layer)) back.push(chunk);
          assert.ok(Buffer.concat(back).equals(archive));
          taken += 1;
        } catch (error) {
          // a system's error is one of paths that contradict each other
          if (!(error instanceof BerthError) && !(error instanceof Error && 'code' in error)) throw error;
          if (error instanceof assert.AssertionError) throw error;
        }
        assert.deepEqual([readdirSync(work), readdirSync(store.paths.temporary)], [['store'], []]);
      }),
      { numRuns: 40 },
    );
    assert.ok(taken > 0, 'none was taken');
    assert.ok(!existsSync('/a') && !existsSync('/b') && !existsSync('/c'));
  } finally {
    rmSync(work, { recursive: true });
  }
});
