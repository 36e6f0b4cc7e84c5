import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SeccompCache } from './seccomp-cache.ts';
import type { OciSpec } from './spec/index.ts';

const spec = (seccomp: object | undefined, annotations?: Record<string, string>): OciSpec => ({
  ociVersion: '1.0.2',
  process: { terminal: false, user: { uid: 0, gid: 0 }, args: ['true'], env: [], cwd: '/', noNewPrivileges: false },
  root: { path: '/', readonly: false },
  mounts: [],
  linux: seccomp === undefined ? {} : { seccomp },
  ...(annotations ? { annotations } : {}),
});

test('a profile is handed over once it was compiled, and only for the very same profile', () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-seccomp-'));
  try {
    mkdirSync(join(root, 'one'));
    writeFileSync(join(root, 'one', 'seccomp.bpf'), Buffer.alloc(16, 1));
    const cache = new SeccompCache();
    const { profile } = cache.apply(spec({ defaultAction: 'A' }));
    assert.ok(profile);
    cache.learn(profile, root, 'one');
    const second = cache.apply(spec({ defaultAction: 'A' }, { mine: 'x' }));
    assert.deepEqual(second.spec.annotations, {
      mine: 'x',
      'run.oci.seccomp_bpf_data': Buffer.alloc(16, 1).toString('base64'),
    });
    assert.equal(second.profile, undefined);
    assert.equal(cache.apply(spec({ defaultAction: 'B' })).spec.annotations, undefined);
    assert.equal(cache.apply(spec(undefined)).profile, undefined);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('what is no compiled profile is not kept', () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-seccomp-'));
  try {
    mkdirSync(join(root, 'odd'));
    writeFileSync(join(root, 'odd', 'seccomp.bpf'), 'half');
    const cache = new SeccompCache();
    cache.learn('p', root, 'odd');
    cache.learn('p', root, 'missing');
    assert.equal(cache.apply(spec({})).spec.annotations, undefined);
  } finally {
    rmSync(root, { recursive: true });
  }
});
