import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type BuildShorthand, PLAIN_BUILD, prepareBuild } from './index.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'berth-prepare-')));
writeFileSync(join(root, 'Other'), 'FROM scratch');
after(() => rmSync(root, { recursive: true, force: true }));

const prepared = (given: Partial<BuildShorthand>, env: Record<string, string> = {}) =>
  prepareBuild({ ...PLAIN_BUILD, ...given }, root, {
    env,
    stdoutIsTerminal: () => true,
    stdin: () => assert.fail('nothing comes from there'),
  });

test('a build with nothing asked for besides takes the Dockerfile of its context', async () => {
  const { options, sources } = await prepared({});
  assert.deepEqual(options.dockerfile, { kind: 'context', path: '' });
  assert.deepEqual([...sources.directories], [['context', root]]);
  assert.deepEqual([options.call, options.network, options.outputs], ['build', 'default', []]);
});

test('a Dockerfile is a file beside the context, or given as text', async () => {
  const named = await prepared({ file: join(root, 'Other') });
  assert.deepEqual(named.options.dockerfile, { kind: 'directory', path: 'Other' });
  const text = await prepared({ dockerfile: 'FROM a' });
  assert.deepEqual(text.options.dockerfile, { kind: 'text', text: Buffer.from('FROM a').toString('base64') });
});

test('arguments and secrets without a value take that of the environment', async () => {
  const shorthand = { buildArgs: ['A', 'B=b', 'NONE'], secrets: ['id=A'] };
  const { options, sources } = await prepared(shorthand, { A: 'one' });
  assert.deepEqual(options.buildArgs, { A: 'one', B: 'b' });
  assert.equal(Buffer.from(sources.secrets.get('A')?.() ?? []).toString(), 'one');
});

test('an archive does not go to a terminal', async () => {
  await assert.rejects(prepared({ outputs: ['type=oci'] }), /refusing to write to console/);
});
