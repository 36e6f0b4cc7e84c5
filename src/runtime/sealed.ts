// crun and runc copy themselves into sealed memory and run themselves again, at each start, so that no container can change the
// program on the host's disk (CVE-2019-5736). A copy that is made once, sealed in the same way, saves them that: they look for the seals.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { sealProgram } from '../host/sealed.ts';
import type { OciRuntime } from './choice/choose.ts';

/** Whether the file is still the same is looked at so often, milliseconds. */
const LOOK_MS = 1000;

/** The runtime from memory; from its path where that does not work. One that is changed on disk is read anew. */
export function sealed(runtime: OciRuntime): OciRuntime {
  // what others call a runtime may be a script, or look for itself by its name
  if (runtime.startBy === 'command') return runtime;
  let copy: { readonly path: string; readonly of: string; close(): void } | undefined;
  let lookedAt = -LOOK_MS;
  let refused = false;
  const command = (): readonly string[] => {
    if (refused) return [runtime.path];
    const now = performance.now();
    if (copy && now - lookedAt < LOOK_MS) return [copy.path];
    lookedAt = now;
    try {
      const { ino, mtimeMs, size } = statSync(runtime.path);
      const of = `${ino} ${mtimeMs} ${size}`;
      if (copy?.of !== of) {
        copy?.close();
        copy = { of, ...sealProgram(runtime.name, readFileSync(runtime.path)) };
        execFileSync(copy.path, ['--version'], { stdio: 'ignore' });
      }
      return [copy.path];
    } catch {
      refused = true;
      return [runtime.path];
    }
  };
  return {
    ...runtime,
    get command() {
      return command();
    },
  };
}
