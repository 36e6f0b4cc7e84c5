import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { parseEndpoint } from './endpoint.ts';
import { sshArguments } from './ssh.ts';

const argumentsOf = (address: string): string[] => {
  const endpoint = parseEndpoint(address);
  assert.equal(endpoint.kind, 'ssh');
  return endpoint.kind === 'ssh' ? sshArguments(endpoint) : [];
};

test('a name of a user, host or socket is never an option or a command of ssh', () => {
  for (const [address, user, host] of [
    ['ssh://ann@host', 'ann', 'host'],
    ['ssh://-oProxyCommand=touch%20x@host', '-oProxyCommand=touch x', 'host'],
    ['ssh://$(touch x)@host', '$(touch x)', 'host'],
  ] as const) {
    let words: string[];
    try {
      words = argumentsOf(address);
    } catch (error) {
      // refused is as good
      assert.ok(error instanceof Error);
      continue;
    }
    assert.equal(words[words.indexOf('-l') + 1], user);
    assert.deepEqual(words.slice(words.indexOf('--'), -1), ['--', host]);
  }
  for (const address of ['ssh://-oProxyCommand=touch', 'ssh://a@-oProxyCommand=touch']) {
    let words: string[] = [];
    try {
      words = argumentsOf(address);
    } catch {
      continue;
    }
    const end = words.indexOf('--');
    assert.ok(end >= 0 && words.slice(0, end).every((word) => !word.includes('ProxyCommand')), words.join(' '));
  }
});

test('a path of a socket is one word of the other machine, whatever is in it', () => {
  const path = "/run/$(touch x)'; touch y; '";
  const remote = sshArguments({ kind: 'ssh', host: 'h', path } as Parameters<typeof sshArguments>[0]).at(-1) ?? '';
  // as the shell of the other machine reads it, with a program in place of the client that says its words
  const said = execFileSync('sh', ['-c', remote.replace(/command -v berth \|\| echo docker/, 'echo echo')], {
    encoding: 'utf8',
  });
  assert.equal(said, `--host unix://${path} system dial-stdio\n`);
});
