// The environment of each service: its own variables over those of its env files; and labels over those of label files.
import type { EnvFile, Project, Service } from '../model/project.ts';
import { parseEnv, parseRawEnv } from './dotenv.ts';
import { fail } from '../value/error.ts';
import type { Files } from './source.ts';
import { type Environment, own, readFile } from './tree.ts';

/** Reads env files and drops them from the services. Throws for one that is missing and required. */
export function withEnvironment(
  project: Project,
  env: Environment,
  files: Files,
  warn: (message: string) => void,
): Project {
  return mapServices(project, (service) => resolveEnvironment(service, env, files, warn));
}

function mapServices(project: Project, change: (service: Service) => Service): Project {
  const services: Record<string, Service> = {};
  for (const [name, service] of Object.entries(project.services)) services[name] = change(service);
  return { ...project, services };
}

function resolveEnvironment(
  service: Service,
  env: Environment,
  files: Files,
  warn: (message: string) => void,
): Service {
  const resolved: Record<string, string | null> = Object.create(null) as Record<string, string | null>;
  for (const [name, value] of Object.entries(service.environment ?? {}))
    resolved[name] = value ?? own(env, name) ?? null;
  const { env_file: envFiles, environment: _, ...rest } = service;
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(resolved)) if (value !== null) found.set(name, value);
  const lookup = (name: string): string | undefined => own(env, name) ?? resolved[name] ?? undefined;
  for (const file of envFiles ?? []) readInto(found, file, lookup, files, warn);
  const environment: Record<string, string | null> = Object.create(null) as Record<string, string | null>;
  for (const [name, value] of found) environment[name] = value;
  Object.assign(environment, resolved);
  return Object.keys(environment).length === 0 ? rest : { ...rest, environment };
}

function readInto(
  found: Map<string, string>,
  file: EnvFile,
  lookup: (name: string) => string | undefined,
  files: Files,
  warn: (message: string) => void,
): void {
  const { path = '', required, format = '' } = typeof file === 'string' ? { path: file, required: true } : file;
  if (files.kind(path) === undefined) {
    if (required) fail(`env file ${path} not found: stat ${path}: no such file or directory`);
    return;
  }
  const text = readFile(files, path);
  if (format === 'raw') {
    try {
      parseRawEnv(text, found, lookup);
    } catch (error) {
      fail(`failed to parse env_file ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  } else if (format === '') readPlain(text, path, found, lookup, warn);
  else fail(`unsupported env_file format ${JSON.stringify(format)}`);
}

function readPlain(
  text: string,
  path: string,
  found: Map<string, string>,
  lookup: (name: string) => string | undefined,
  warn: (message: string) => void,
): void {
  try {
    parseEnv(text, found, {
      lookup,
      unset: (name) => warn(`The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string.`),
    });
  } catch (error) {
    fail(`failed to read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Labels of files below those of the service. */
export function withLabels(project: Project, files: Files, warn: (message: string) => void, drops: boolean): Project {
  return mapServices(project, (service) => {
    if (service.label_file === undefined) return service;
    const found = new Map<string, string>();
    for (const path of service.label_file) {
      if (files.kind(path) === undefined) fail(`label file ${path} not found: stat ${path}: no such file or directory`);
      readPlain(readFile(files, path), path, found, (name) => found.get(name), warn);
    }
    const labels = { ...Object.fromEntries(found), ...service.labels };
    const { label_file: kept, ...rest } = service;
    return { ...rest, ...(drops ? {} : { label_file: kept }), ...(Object.keys(labels).length === 0 ? {} : { labels }) };
  });
}
