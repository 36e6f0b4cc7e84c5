import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { volumeContract } from '../engine/container/testing.ts';
import { FakeVolumes } from '../engine/testing.ts';
import { volumeBench } from '../volumes/testing.ts';

volumeContract('volumes in memory', () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-fake-volumes-'));
  const volumes = new FakeVolumes(root);
  return {
    volumes,
    refers: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(rmSync(root, { recursive: true })),
  };
});

volumeContract('volumes on disk', () => {
  const bench = volumeBench();
  return {
    volumes: bench.volumes,
    refers: (container, volume, isThere) => {
      const others = (bench.used.get(volume) ?? []).filter((one) => one !== container);
      bench.used.set(volume, isThere ? [...others, container] : others);
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
});
