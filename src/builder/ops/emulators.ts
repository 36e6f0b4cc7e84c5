// Which processors' programs run on this machine: its own, and those that the kernel hands to an emulator (binfmt_misc).
import { invalid } from '../../base/errors.ts';
import { interpreterEntries } from '../../host/binfmt.ts';
import { formatPlatform, hostArchitecture, type Platform } from '../../spec/oci/index.ts';

/** Go's names by the machine that an ELF header names, and the bytes of the class and order before it. */
const MACHINES: Readonly<Record<string, string>> = {
  '0201:3e': 'amd64',
  '0101:03': '386',
  '0201:b7': 'arm64',
  '0101:28': 'arm',
  '0201:f3': 'riscv64',
  '0202:16': 's390x',
  '0201:15': 'ppc64le',
  '0202:15': 'ppc64',
  '0201:08': 'mips64le',
  '0202:08': 'mips64',
  '0201:102': 'loong64',
};

export interface Emulator {
  readonly architecture: string;
  readonly interpreter: string;
  /** It was opened when it was registered: so it is there in a root without it. */
  readonly fixed: boolean;
}

/** An entry of binfmt_misc; undefined when it is off, or not for programs of a processor. Pure. */
export function parseEmulator(text: string): Emulator | undefined {
  const field = (name: string): string => new RegExp(`^${name}:?[ \\t]+(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const magic = field('magic');
  if (!/^enabled$/m.test(text) || !/^7f454c46[0-9a-f]{32,}$/.test(magic)) return undefined;
  const kind = magic.slice(8, 12);
  const [a, b] = [magic.slice(36, 38), magic.slice(38, 40)];
  const machine = Number.parseInt(kind.endsWith('02') ? a + b : b + a, 16)
    .toString(16)
    .padStart(2, '0');
  const architecture = MACHINES[`${kind}:${machine}`];
  if (architecture === undefined) return undefined;
  return { architecture, interpreter: field('interpreter'), fixed: field('flags').includes('F') };
}

function emulators(): Emulator[] {
  try {
    return interpreterEntries().flatMap((text) => parseEmulator(text) ?? []);
  } catch {
    // the kernel has none, or does not show them here
    return [];
  }
}

function native(): string[] {
  const own = hostArchitecture();
  return own === 'amd64' ? ['amd64', '386'] : [own];
}

/** For clients that ask, this machine's own first. */
export function runnablePlatforms(): Platform[] {
  const names = new Set([...native(), ...emulators().flatMap((one) => (one.fixed ? [one.architecture] : []))]);
  return [...names].map((architecture) => ({ os: 'linux', architecture }));
}

/** Throws invalid with what to do about it. */
export function checkRunnable(platform: Platform, command: string): void {
  const { architecture } = platform;
  if (native().includes(architecture)) return;
  const found = emulators().filter((one) => one.architecture === architecture);
  if (found.some(({ fixed }) => fixed)) return;
  const what = `${JSON.stringify(command)} cannot be run: it is for ${formatPlatform(platform)}, this machine is ${hostArchitecture()}`;
  const [loose] = found;
  if (loose)
    throw invalid(`${what}, and ${loose.interpreter} is registered (binfmt_misc) without the flag F`, {
      hint: 'The package qemu-user-static registers one that works in every root.',
    });
  throw invalid(`${what}, and no interpreter for it is registered (binfmt_misc)`, {
    hint: 'Install the package qemu-user-static.',
  });
}
