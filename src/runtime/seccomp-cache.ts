// crun compiles a container's seccomp profile anew at each start, which takes longer than all the rest that it does. What it has
// compiled once lies in its state directory and can be handed to it again for the same profile, by an annotation of its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../base/errors.ts';
import type { OciSpec } from './spec/index.ts';

const ANNOTATION = 'run.oci.seccomp_bpf_data';
/** Different profiles that are remembered; each is some 10 kB. */
const MAX_PROFILES = 64;

export class SeccompCache {
  /** Compiled profile in base64 by the text of the profile. */
  readonly #compiled = new Map<string, string>();

  /** The same configuration, with the compiled profile when there is one. */
  apply(spec: OciSpec): { readonly spec: OciSpec; readonly profile: string | undefined } {
    const section = spec.linux['seccomp'];
    if (section === undefined || spec.annotations?.[ANNOTATION] !== undefined) return { spec, profile: undefined };
    const profile = JSON.stringify(section);
    const compiled = this.#compiled.get(profile);
    if (compiled === undefined) return { spec, profile };
    return { spec: { ...spec, annotations: { ...spec.annotations, [ANNOTATION]: compiled } }, profile: undefined };
  }

  /** Remembers what the runtime compiled for a container that it has just created; false when it is not there yet. */
  learn(profile: string, runtimeRoot: string, id: string): boolean {
    if (this.#compiled.size >= MAX_PROFILES) return true;
    try {
      const compiled = readFileSync(join(runtimeRoot, id, 'seccomp.bpf'));
      // whole instructions of 8 bytes, or it is not what we think
      if (compiled.length === 0 || compiled.length % 8 !== 0) return false;
      this.#compiled.set(profile, compiled.toString('base64'));
      return true;
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
      return false;
    }
  }
}
