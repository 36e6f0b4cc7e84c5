// The part of a create that belongs to the program: directory, stop signal, environment, health check.
import { posix } from 'node:path';
import { invalid } from '../../base/errors.ts';
import type { ContainerConfig, HealthConfig } from '../../spec/docker/index.ts';
import { parseSignal } from '../../base/signals.ts';
import { checkExposed } from './check-ports.ts';

const MILLISECOND = 1e6;

/** Cleans the working directory and the ports in place. Throws invalid in dockerd's words. */
export function checkConfig(config: ContainerConfig): void {
  if (config.WorkingDir !== '') {
    if (!config.WorkingDir.startsWith('/')) {
      throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
    }
    config.WorkingDir = cleanPath(config.WorkingDir);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  checkEnv(config.Env);
  if (config.ExposedPorts) config.ExposedPorts = checkExposed(config.ExposedPorts);
  if (config.Healthcheck) checkHealth(config.Healthcheck);
}

export function checkEnv(env: readonly string[] | null): void {
  for (const one of env ?? []) {
    if (one === '' || one.startsWith('=')) throw invalid(`invalid environment variable: ${one}`);
    // The kernel ends a variable there: the rest would be lost without a word.
    if (one.includes('\0')) throw invalid(`invalid environment variable: ${JSON.stringify(one)}`);
  }
}

/** What the image said as well: it may be anything. Throws invalid for what the kernel would read as something else. */
export function checkMerged(config: ContainerConfig): void {
  checkEnv(config.Env);
  const words = {
    'working directory': [config.WorkingDir],
    user: [config.User],
    entrypoint: config.Entrypoint,
    command: config.Cmd,
  };
  for (const [what, texts] of Object.entries(words))
    for (const one of texts ?? [])
      if (one.includes('\0')) throw invalid(`invalid ${what}: ${JSON.stringify(one)} contains a null character`);
  for (const volume of Object.keys(config.Volumes ?? {}))
    if (volume.includes('\0') || cleanPath(`/${volume}`) === '/')
      throw invalid(`invalid volume specification: ${JSON.stringify(volume)}: destination can't be '/'`);
}

function checkHealth(health: HealthConfig): void {
  const atLeast = (name: 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'): void => {
    const value = health[name] ?? 0;
    if (value !== 0 && value < MILLISECOND) throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
  };
  atLeast('Interval');
  atLeast('Timeout');
  if ((health.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
  atLeast('StartPeriod');
  atLeast('StartInterval');
}

/** Go's path.Clean: no dots, no doubled or trailing slash. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}
