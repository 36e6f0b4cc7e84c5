import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { isSsh, sshCommand } from './ssh.ts';

/** What ssh makes of it, in its own words. */
function settings(command: string): string[] {
  const env = { ...process.env, SSH_AUTH_SOCK: '/run/agent-of-the-host' };
  return execFileSync('sh', ['-c', `${command} -G git@example.com`], { env, encoding: 'utf8' }).split('\n');
}

test("safety M8: git over ssh knows none of the keys, agents and hosts of the daemon's user", () => {
  const found = settings(sshCommand({ knownHosts: "/data root/it's 100%/known_hosts" }));
  for (const line of found)
    assert.doesNotMatch(line, new RegExp(`${homedir()}|~/|\\.ssh|agent-of-the-host|/etc/ssh`), line);
  for (const line of [
    'identityfile none',
    'identityagent none',
    'globalknownhostsfile /dev/null',
    'batchmode yes',
    'stricthostkeychecking accept-new',
  ])
    assert.ok(found.includes(line), line);
  assert.ok(
    found.some(
      (line) =>
        line === "userknownhostsfile /data root/it's 100%/known_hosts" ||
        line === 'userknownhostsfile "/data root/it\'s 100%/known_hosts"',
    ),
    found.join('\n'),
  );
});

test('with --ssh the agent of the client is asked, and no other', () => {
  const found = settings(sshCommand({ agent: '/tmp/of the client/agent.sock', knownHosts: '/k' }));
  assert.ok(found.includes('identityagent /tmp/of the client/agent.sock'), found.join('\n'));
  assert.ok(found.includes('identityfile none'));
});

test('remotes that are reached by ssh', () => {
  for (const remote of ['ssh://git@example.com/x', 'git@github.com:moby/buildkit.git'])
    assert.equal(isSsh(remote), true, remote);
  for (const remote of ['https://git@example.com/x.git', 'git://example.com/x', 'http://h/x'])
    assert.equal(isSsh(remote), false, remote);
});
