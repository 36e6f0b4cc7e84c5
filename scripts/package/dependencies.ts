// npm packages for a machine that need not be this one: out of node_modules, or from the registry by the lock's digest.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Inputs, locked } from './inputs.ts';

/** Copies the package `name` to node_modules below `target`: all of it, or those of its files that `parts` names. */
export function placePackage(inputs: Inputs, name: string, target: string, parts?: readonly string[]): void {
  const own = join(inputs.root, 'node_modules', name);
  const source = existsSync(own) ? own : fetched(inputs, name);
  const to = join(target, 'node_modules', name);
  mkdirSync(to, { recursive: true });
  if (!parts) cpSync(source, to, { recursive: true });
  for (const part of parts ?? []) cpSync(join(source, part), join(to, part), { recursive: true });
}

function fetched({ root, work }: Inputs, name: string): string {
  const folder = join(work, 'fetched', name);
  if (existsSync(folder)) return join(folder, 'package');
  mkdirSync(folder, { recursive: true });
  const { version, integrity } = locked(root, name);
  const file = execFileSync(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, `${name}@${version}`],
    {
      encoding: 'utf8',
      cwd: work,
    },
  ).trim();
  const [algorithm = '', digest] = integrity.split(/-(.*)/);
  const found = createHash(algorithm)
    .update(readFileSync(join(folder, file)))
    .digest('base64');
  if (found !== digest)
    throw new Error(`${name}@${version}: its digest is ${algorithm}-${found}, not that of package-lock.json`);
  execFileSync('tar', ['-xzf', file], { cwd: folder });
  return join(folder, 'package');
}
