// Scenario: a person tries the demo twice. Both times it tells its story to the end and leaves no container behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execute, type Result, TestDaemon } from '../support/daemon.ts';

const entry = process.env['BERTH_TEST_ENTRY'] ?? new URL('../../src/bin/berth.ts', import.meta.url).pathname;

test('the demo', async (t) => {
  await using daemon = await TestDaemon.start();
  const demo = (...args: string[]): Promise<Result> =>
    execute(process.execPath, ['--disable-warning=ExperimentalWarning', entry, 'demo', ...args], {
      env: { BERTH_HOST: daemon.host },
    });
  const containers = async (): Promise<unknown> => JSON.parse((await daemon.get('/containers/json?all=1')).body);

  await t.test('makes its image and fetches a page', async () => {
    const { code, stdout, stderr } = await demo();
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    assert.match(stdout, /made, [\d.]+MB/);
    assert.match(stdout, /\| <h1>Hello from a container of its own<\/h1>/);
    assert.match(stdout, /127\.0\.0\.1:\d+: response:200/);
    assert.match(stdout, /ended with exit code 0/);
    assert.deepEqual(await containers(), []);
  });

  await t.test('shows the container its own processes only', async () => {
    const { stdout } = await demo();
    const processes = stdout.split('\n').filter((line) => /^ +\| +\d+ root /.test(line));
    assert.deepEqual(
      processes.map((line) => line.trim().split(/\s+/).at(-1)),
      ['sh', 'httpd', 'ps'],
    );
  });

  await t.test('finds the image the second time', async () => {
    const { code, stdout } = await demo();
    assert.equal(code, 0);
    assert.match(stdout, /it is there from before/);
    assert.deepEqual(await containers(), []);
  });

  await t.test('refuses arguments', async () => {
    const { code, stderr } = await demo('now');
    assert.equal(code, 125);
    assert.match(stderr, /accepts no arguments/);
  });

  assert.deepEqual(daemon.leftovers(), []);
});
