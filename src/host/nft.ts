// nftables: a text of commands becomes one transaction of the kernel.
import { spawn } from 'node:child_process';
import { internal } from '../base/errors.ts';
import { faultPoint } from './fault.ts';

/** All of the text or nothing of it. Throws internal with nft's words. */
export function applyNft(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    faultPoint('nft');
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

/** What a program says to these words and this input; undefined when it refuses or is not there. */
export function askProgram(program: string, words: readonly string[], input?: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'] });
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve(code === 0 ? stdout : undefined));
  });
}

/** Everything, without the counts; undefined when nft refuses. */
export function listRuleset(): Promise<string | undefined> {
  return askProgram('nft', ['-s', 'list', 'ruleset']);
}

/** A table as nft lists it; undefined when there is none. */
export function listTable(family: 'inet' | 'netdev', table: string): Promise<string | undefined> {
  return askProgram('nft', ['-s', 'list', 'table', family, table]);
}
