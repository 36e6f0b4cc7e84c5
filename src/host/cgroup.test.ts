// Layouts by their mounts, and the tree operations against plain folders.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type CgroupTrees,
  cgroupTrees,
  controllerDirectory,
  controllersOf,
  groupProcesses,
  makeRoomForGroups,
  removeEmptyGroup,
  removeGroup,
} from './cgroup.ts';

const MEMORY = '31 24 0:28 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory';
const CPU = '32 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct';
const NAMED = '33 24 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd';
const UNIFIED = '34 24 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate';
const ONLY = '35 24 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate';

test('the layout is read from the mounts', () => {
  assert.equal(cgroupTrees([MEMORY, CPU].join('\n')).layout, 'v1');
  assert.equal(cgroupTrees([MEMORY, UNIFIED].join('\n')).layout, 'hybrid');
  const v2 = cgroupTrees(ONLY);
  assert.equal(v2.layout, 'v2');
  assert.equal(controllerDirectory(v2, 'memory', '/a/b'), '/sys/fs/cgroup/a/b');
});

test('each controller of version 1 has its tree', () => {
  const trees = cgroupTrees([MEMORY, CPU, NAMED].join('\n'));
  assert.deepEqual(controllersOf(trees), ['memory', 'cpu', 'cpuacct', 'name=systemd']);
  assert.equal(controllerDirectory(trees, 'cpuacct', '/a'), '/sys/fs/cgroup/cpu,cpuacct/a');
  assert.equal(controllerDirectory(trees, 'pids', '/a'), undefined);
});

/** A folder in the place of a v2 tree: its control files are plain ones. */
function withTree(work: (root: string, trees: CgroupTrees) => void): void {
  const root = mkdtempSync('/tmp/berth-cgroup-');
  try {
    work(root, { layout: 'v2', roots: new Map([['', root]]) });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test('processes are those of the group and of the groups in it', () => {
  withTree((root, trees) => {
    mkdirSync(join(root, 'a/inner'), { recursive: true });
    writeFileSync(join(root, 'a/cgroup.procs'), '1\n2\n');
    writeFileSync(join(root, 'a/inner/cgroup.procs'), '3\n');
    assert.deepEqual(groupProcesses(trees, '/a'), [1, 2, 3]);
    assert.deepEqual(groupProcesses(trees, '/none'), []);
  });
});

test('a group goes with the groups in it; an empty one alone only when nothing is in it', () => {
  withTree((root, trees) => {
    mkdirSync(join(root, 'a/b/c'), { recursive: true });
    removeEmptyGroup(trees, '/a');
    assert.ok(existsSync(join(root, 'a/b/c')));
    assert.equal(removeGroup(trees, '/a'), true);
    assert.equal(existsSync(join(root, 'a')), false);
    assert.equal(removeGroup(trees, '/a'), true);
    removeEmptyGroup(trees, '/a');
  });
});

test('in a container the processes of the visible root go to a group of their own', () => {
  withTree((root, trees) => {
    writeFileSync(join(root, 'cgroup.procs'), '17\n');
    makeRoomForGroups(trees);
    assert.equal(existsSync(join(root, 'init')), false, 'the true root has no type and is left alone');
    writeFileSync(join(root, 'cgroup.type'), 'domain\n');
    makeRoomForGroups(trees);
    assert.equal(readFileSync(join(root, 'init/cgroup.procs'), 'utf8'), '17');
  });
});
