// What each package is made of, and what package.json and its lock say of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Inputs {
  /** The checkout. */
  readonly root: string;
  /** A folder that is removed at the end. */
  readonly work: string;
  /** The built programs. */
  readonly dist: string;
  readonly out: string;
  /** Seconds since 1970 that every file bears. */
  readonly epoch: number;
  readonly fast: boolean;
}

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string } | undefined>>;
}

export function manifestOf(root: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
}

/** The version and the digest to which the lock binds an npm package. Throws for a package that it does not have. */
export function locked(root: string, name: string): { readonly version: string; readonly integrity: string } {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const found = lock.packages[`node_modules/${name}`];
  if (!found) throw new Error(`package-lock.json has no ${name}`);
  return found;
}
