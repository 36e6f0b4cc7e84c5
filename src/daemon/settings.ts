// From the daemon's options to the settings of its parts.
import { readFileSync } from 'node:fs';
import { isErrno, unavailable } from '../base/errors.ts';
import { checkMirror, DEFAULT_SETTINGS, type RegistrySettings } from '../registry/client/index.ts';
import { parseSeccompProfile } from '../runtime/spec/index.ts';
import type { DaemonOptions } from './options.ts';

export function registrySettings(options: DaemonOptions): RegistrySettings {
  return {
    ...DEFAULT_SETTINGS,
    mirrors: Object.fromEntries(Object.entries(options.mirrors).map(([name, list]) => [name, list.map(checkMirror)])),
    insecure: options.insecureRegistries,
    certDirectories: options.registryCerts,
    maxDownloads: options.maxDownloads,
    maxUploads: options.maxUploads,
    attempts: options.maxDownloadAttempts,
  };
}

/** Of a file its text; throws when it cannot be read or is no profile. */
export function seccompText(profile: string): string {
  if (profile === 'builtin' || profile === 'unconfined') return profile;
  const text = readIfThere(profile);
  if (text === undefined) throw unavailable(`opening seccomp profile (${profile}) failed: no such file or directory`);
  parseSeccompProfile(text);
  return text;
}

export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
