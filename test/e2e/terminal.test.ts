// Under a real terminal, with both clients: keys, sizes, Ctrl-C, letting go and coming back.
import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { type Client, TestDaemon, until } from '../support/daemon.ts';
import { dockerMissing } from '../support/program.ts';
import { Terminal } from '../support/pty.ts';

let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
});

after(async () => {
  assert.deepEqual(await daemon.end(), []);
});

afterEach(async () => {
  const { body } = await daemon.get('/containers/json?all=1');
  for (const { Id } of JSON.parse(body) as { Id: string }[]) await daemon.call('DELETE', `/containers/${Id}?force=1`);
});

const CTRL_C = '\x03';
const CTRL_D = '\x04';
const LET_GO = '\x10\x11';

for (const client of ['docker', 'berth'] satisfies Client[]) {
  const terminal = (args: string[], size?: [number, number]): Terminal => {
    const { file, args: all, env } = daemon.command(client, args);
    return new Terminal(file, all, { env, ...(size ? { size } : {}) });
  };
  const shell = ['--network', 'none', '-e', 'PS1=ready> ', 'busybox', 'sh'];

  suite(`${client} -it`, { skip: client === 'docker' && dockerMissing() }, () => {
    test('a shell: typed lines are answered, and its exit code is the client’s', async () => {
      using screen = terminal(['run', '--rm', '-it', ...shell]);
      await screen.expect(/ready> /);
      screen.type('tty; echo $((6*7))\r');
      await screen.expect(/\/dev\/pts\/0\r\n42\r\n/);
      screen.type('exit 5\r');
      assert.equal(await screen.ended, 5);
    });

    test('the first size is the terminal’s, and a new size reaches the container', async () => {
      using screen = terminal(['run', '--rm', '-it', ...shell], [31, 101]);
      await screen.expect(/ready> /);
      screen.type('stty size\r');
      await screen.expect(/31 101\r\n/);
      screen.type("trap 'echo resized' WINCH; while [ \"$(stty size)\" != '17 77' ]; do sleep 0.02; done; stty size\r");
      screen.resize(17, 77);
      await screen.expect(/17 77\r\n/);
      screen.type('exit\r');
      await screen.ended;
    });

    test('Ctrl-C interrupts what runs in the container, not the client; Ctrl-D ends the shell', async () => {
      using screen = terminal(['run', '--rm', '-it', ...shell]);
      await screen.expect(/ready> /);
      // what says that it sleeps already has the terminal: a signal to the shell before that would only be noted
      screen.type("sh -c 'echo sleeping; exec sleep 1000'; echo code $?\r");
      await screen.expect(/\nsleeping\r\n/);
      screen.type(CTRL_C);
      await screen.expect(/ready> /);
      screen.type('echo still here\r');
      await screen.expect(/\nstill here\r\n/);
      screen.type(CTRL_D);
      assert.equal(await screen.ended, 0);
    });

    test('ctrl-p ctrl-q lets go, the shell goes on, attach comes back to it', async () => {
      {
        using screen = terminal(['run', '-it', '--name', 'kept', ...shell]);
        await screen.expect(/ready> /);
        screen.type('remembered=yes\r');
        await screen.expect(/ready> /);
        screen.type(LET_GO);
        assert.equal(await screen.ended, 0);
      }
      const inspected = await daemon.client(client, ['inspect', '-f', '{{.State.Running}}', 'kept']);
      assert.equal(inspected.stdout, 'true\n');
      using screen = terminal(['attach', 'kept'], [20, 60]);
      screen.type('echo remembered: $remembered\r');
      await screen.expect(/remembered: yes\r\n/);
      // docker attach sets another size first, so that the program draws anew
      await until(async () => {
        screen.type('stty size\r');
        await screen.expect(/20 60\r\n/, 300);
      });
      screen.type('exit 9\r');
      assert.equal(await screen.ended, 9);
    });

    test('--detach-keys changes the keys, and the usual ones then go to the process', async () => {
      using screen = terminal(['run', '-it', '--name', 'kept', '--detach-keys', 'ctrl-x,x', ...shell]);
      await screen.expect(/ready> /);
      screen.type('\x18x');
      assert.equal(await screen.ended, 0);
      assert.equal((await daemon.client(client, ['inspect', '-f', '{{.State.Running}}', 'kept'])).stdout, 'true\n');
    });

    test('exec -it: a terminal of its own with the size of this one, and its exit code', async () => {
      await daemon.client(client, ['run', '-d', '--network', 'none', '--name', 'box', 'busybox', 'sleep', '1000']);
      using screen = terminal(['exec', '-it', '-e', 'PS1=ready> ', 'box', 'sh'], [33, 99]);
      await screen.expect(/ready> /);
      await until(async () => {
        screen.type('stty size\r');
        await screen.expect(/33 99\r\n/, 300);
      });
      screen.resize(12, 34);
      await until(async () => {
        screen.type('stty size\r');
        await screen.expect(/12 34\r\n/, 300);
      });
      screen.type('exit 6\r');
      assert.equal(await screen.ended, 6);
    });

    test('-t without -i has a terminal, and output in its line ends', async () => {
      const { stdout, code } = await daemon.client(client, [
        'run',
        '--rm',
        '-t',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'tty; exit 2',
      ]);
      assert.deepEqual([stdout, code], ['/dev/pts/0\r\n', 2]);
    });

    test('-it without a terminal is refused', async () => {
      const result = await daemon.client(client, ['run', '--rm', '-it', '--network', 'none', 'busybox', 'sh']);
      assert.equal(result.code, 1);
      assert.match(result.stderr, /the input device is not a TTY/);
    });

    test('logs of a terminal are what was shown', async () => {
      {
        using screen = terminal([
          'run',
          '-it',
          '--name',
          'shown',
          '--network',
          'none',
          'busybox',
          'sh',
          '-c',
          'echo one; read line; echo got $line',
        ]);
        await screen.expect(/one/);
        screen.type('typed\r');
        await screen.ended;
      }
      assert.equal((await daemon.client(client, ['logs', 'shown'])).stdout, 'one\r\ntyped\r\ngot typed\r\n');
    });
  });
}
