// Platforms as text: `linux/arm64/v8` read, normalised, compared and printed as containerd does.
import { invalid, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const COMPONENT = /^[A-Za-z0-9_.-]+$/;
const SYSTEMS = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);
const ARCHITECTURES = new Set(
  '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm'.split(
    ' ',
  ),
);

/** Architecture of this machine in Go's words. */
export function hostArchitecture(arch: string = process.arch): string {
  return { x64: 'amd64', ia32: '386', loong64: 'loong64', riscv64: 'riscv64' }[arch] ?? arch;
}

export function hostPlatform(): Platform {
  return { os: 'linux', architecture: hostArchitecture() };
}

function normalizeArchitecture(architecture: string, variant: string): [string, string] {
  const arch = architecture.toLowerCase();
  const kind = variant.toLowerCase();
  switch (arch) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', kind === 'v1' ? '' : kind];
    case 'aarch64':
    case 'arm64':
      return ['arm64', kind === '8' || kind === 'v8' || kind === 'v8.0' ? '' : kind];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      return ['arm', kind === '' || kind === '7' ? 'v7' : /^[568]$/.test(kind) ? `v${kind}` : kind];
    default:
      return [arch, kind];
  }
}

function make(os: string, architecture: string, variant: string): Platform {
  const system = os.toLowerCase() === 'macos' ? 'darwin' : os.toLowerCase();
  const [arch, kind] = normalizeArchitecture(architecture, variant);
  return kind ? { os: system, architecture: arch, variant: kind } : { os: system, architecture: arch };
}

/** Reads `os`, `arch`, `os/arch`, `os/arch/variant`. Throws invalid with containerd's words. */
export function parsePlatform(text: string): Platform {
  if (text.includes('*')) throw invalid(`"${text}": wildcards not yet supported: invalid argument`);
  const parts = text.split('/');
  for (const [at, part] of parts.entries()) {
    // the first component may name an os version: linux(1.2)
    const bare = at === 0 ? part.replace(/\([^()]*\)$/, '') : part;
    if (!COMPONENT.test(bare)) {
      throw invalid(
        `"${part}" is an invalid component of "${text}": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`,
      );
    }
  }
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) {
    const os = make(first, '', '').os;
    if (SYSTEMS.has(os)) return { ...hostPlatform(), os };
    const [architecture, variant] = normalizeArchitecture(first, '');
    if (ARCHITECTURES.has(architecture)) return make('linux', architecture, variant);
    throw invalid(`"${text}": unknown operating system or architecture: invalid argument`);
  }
  if (parts.length > 3) throw invalid(`"${text}": cannot parse platform specifier: invalid argument`);
  return make(first, second, third);
}

/** A platform given as JSON in a query, as `platform={"os":"linux","architecture":"amd64"}`. */
export function decodePlatform(json: string): Platform {
  let value: unknown;
  try {
    value = parseJson(json);
  } catch (error) {
    throw invalid(`failed to parse platform: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('failed to parse platform: json: cannot unmarshal into Go value of type v1.Platform');
  const field = (name: string): string => {
    const found = Object.entries(value).find(([key]) => key.toLowerCase() === name)?.[1] as unknown;
    return typeof found === 'string' ? found : '';
  };
  const [os, architecture, variant] = [field('os'), field('architecture'), field('variant')];
  if (!os && !architecture && variant)
    throw invalid('optional platform fields provided, but OS and Architecture are missing');
  if (!os || !architecture) throw invalid('both OS and Architecture must be provided');
  return make(os, architecture, variant);
}

export function formatPlatform(platform: Platform): string {
  return [platform.os || 'unknown', platform.architecture, platform.variant].filter(Boolean).join('/');
}

/**
 * Whether an image of platform `image` runs where `wanted` is asked for. `amd64` without a variant is whatever the processor runs:
 * `most` is its level where that is to be kept to.
 */
export function platformMatches(wanted: Platform, image: Platform, most = Number.POSITIVE_INFINITY): boolean {
  const [w, i] = [
    make(wanted.os, wanted.architecture, wanted.variant ?? ''),
    make(image.os, image.architecture, image.variant ?? ''),
  ];
  if (w.os !== i.os) return false;
  if (w.architecture === i.architecture) {
    if ((w.variant ?? '') === (i.variant ?? '') || image.variant === undefined || image.variant === '') return true;
    // newer kinds of a processor run what older ones run
    if (w.architecture === 'amd64' && w.variant === undefined) return level(i.variant) <= most;
    if (w.architecture === 'arm' || w.architecture === 'amd64') return level(i.variant) <= level(w.variant);
    return false;
  }
  return w.architecture === 'amd64' && i.architecture === '386';
}

function level(variant: string | undefined): number {
  return Number(/^v(\d+)/.exec(variant ?? '')?.[1] ?? 1);
}
