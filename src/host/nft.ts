// nftables: a text of commands becomes one transaction of the kernel.
import { spawn } from 'node:child_process';
import { internal } from '../base/errors.ts';

/** All of the text or nothing of it. Throws internal with nft's words. */
export function applyNft(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.stdin.on('error', () => undefined);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(internal(`nft refused: ${stderr.trim()}`));
    });
    child.stdin.end(text);
  });
}

/** What `nft` says to these words; undefined when it refuses. */
function ask(words: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', words, { stdio: ['ignore', 'pipe', 'ignore'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0 ? stdout : undefined));
  });
}

/** A table as nft lists it; undefined when there is none. */
export function listTable(family: 'inet' | 'netdev', table: string): Promise<string | undefined> {
  return ask(['-s', 'list', 'table', family, table]);
}

/** Tables, other than one's own, whose policy drops what is forwarded over IPv4. */
export async function foreignDrops(own: string): Promise<string[]> {
  return dropsIn((await ask(['list', 'chains'])) ?? '', own);
}

/** Pure half of `foreignDrops`, over the text of `nft list chains`. */
export function dropsIn(chains: string, own: string): string[] {
  let table = '';
  const found: string[] = [];
  for (const line of chains.split('\n')) {
    table = /^table (.*) \{/.exec(line)?.[1] ?? table;
    const drops = /hook forward .*policy drop/.test(line) && /^(ip|inet) /.test(table);
    if (drops && table.split(' ')[1] !== own) found.push(table);
  }
  return found;
}
