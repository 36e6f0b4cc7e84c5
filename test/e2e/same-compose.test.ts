// The same command line through `docker compose` and through `berth compose` says the same, ends with the same code, and leaves the same.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { FILES } from '../support/compose-files.ts';
import { LINES } from '../support/compose-lines.ts';
import { composeMissing, handOver, linesOf, play } from '../support/compose-pair.ts';
import { TestDaemon } from '../support/daemon.ts';

suite('docker compose and berth compose', { skip: composeMissing(), concurrency: false }, () => {
  let daemon: TestDaemon;

  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
  });
  after(async () => {
    assert.deepEqual(await daemon.end(), []);
  });

  for (const scenario of [...LINES, ...FILES])
    test(scenario.name, async (t) => {
      const docker = await play(daemon, 'docker', scenario);
      const berth = await play(daemon, 'berth', scenario);
      for (const [at, line] of linesOf(scenario).entries())
        await t.test(line, () => assert.deepEqual(berth[at], docker[at]));
    });

  for (const scenario of FILES.filter(({ takesOver }) => takesOver !== undefined))
    for (const [first, second] of [
      ['docker', 'berth'],
      ['berth', 'docker'],
    ] as const)
      test(`${scenario.name}: what ${first} brought up, ${second} takes over as it is`, async () => {
        const [before, then] = await handOver(daemon, first, second, scenario);
        assert.notEqual(before, '');
        assert.equal(then, before);
      });
});
