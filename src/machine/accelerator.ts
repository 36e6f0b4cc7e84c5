// Pure. What runs the machine's code on a host: the fastest that is there, and what it costs when there is none.
import type { Platform } from './layout.ts';

export type Accelerator = 'kvm' | 'hvf' | 'whpx' | 'tcg';

/** Those of a system, the fastest first. The last one is everywhere. */
export function candidates(platform: Platform): readonly Accelerator[] {
  if (platform === 'darwin') return ['hvf', 'tcg'];
  if (platform === 'win32') return ['whpx', 'tcg'];
  return ['kvm', 'tcg'];
}

export interface Choice {
  readonly accelerator: Accelerator;
  /** What a person should know of it; absent when all is well. */
  readonly warning?: string;
}

/**
 * The first of the candidates that the emulator has and the host lets us use. `isForeign`: the machine has another processor
 * than the host, which only emulation can give.
 */
export function chooseAccelerator(platform: Platform, usable: ReadonlySet<Accelerator>, isForeign = false): Choice {
  const [best = 'tcg'] = candidates(platform);
  const found = isForeign ? 'tcg' : (candidates(platform).find((one) => usable.has(one)) ?? 'tcg');
  if (found === best) return { accelerator: found };
  const why = isForeign ? 'the machine has another processor than this host' : `${best} cannot be used here`;
  return { accelerator: found, warning: `${why}: the machine is emulated, and computes ten to thirty times slower` };
}
