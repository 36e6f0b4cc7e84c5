// An agent of ssh keys that are files: ssh-agent of OpenSSH, started when a step first asks for it, with these keys and no others.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS = 5000;
const LOOK_MS = 5;

/** The path of its socket. It ends with this program. Throws in the words of ssh-add for a key that can't be used. */
export async function startKeyAgent(keys: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-ssh-'));
  const socket = join(folder, 'agent.sock');
  // it ends with its command, and that with the pipe from this program, however this program ends
  const agent = spawn('ssh-agent', ['-a', socket, 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
  let failure = '';
  agent.once('error', (error) => (failure = error.message));
  agent.once('exit', () => (failure ||= 'it ended'));
  agent.unref();
  process.once('exit', () => {
    agent.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  for (let waited = 0; !existsSync(socket); waited += LOOK_MS) {
    if (failure !== '' || waited > START_MS)
      throw new Error(`keys in files need ssh-agent, which could not be started: ${failure || 'it does not answer'}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  // a key with a passphrase is refused: nobody can be asked while a build runs
  const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' };
  const added = spawnSync('ssh-add', ['-q', ...keys], { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (added.status !== 0)
    throw new Error(
      `failed to add ssh keys ${keys.join(', ')}: ${(added.stderr || added.error?.message || '').trim()}`,
    );
  return socket;
}
