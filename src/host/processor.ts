// Which generation of its architecture a processor is, as Go and container images count them.
import { readFileSync } from 'node:fs';

/** What each generation of amd64 adds, in the kernel's words. Source: the x86-64 psABI. */
const AMD64: readonly (readonly string[])[] = [
  ['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3'],
  ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
  ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
];

/** `v1` to `v4` for an amd64 processor, by the text of /proc/cpuinfo. Pure. */
export function amd64Level(cpuinfo: string): string {
  const flags = new Set((/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '').trim().split(/\s+/));
  const lacking = AMD64.findIndex((added) => !added.every((flag) => flags.has(flag)));
  return `v${(lacking < 0 ? AMD64.length : lacking) + 1}`;
}

let level: number | undefined;

/** The generation of this machine's processor as a number; 1 where it is no amd64. Read once, when it is first asked for. */
export function processorLevel(): number {
  level ??= Number(amd64Level(readFileSync('/proc/cpuinfo', 'latin1')).slice(1));
  return level;
}
